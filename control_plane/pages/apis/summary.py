"""One API instance: what it is, its numbers, and commands to copy with its real ids."""

import re
import shlex
from collections.abc import Mapping
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from fastapi import APIRouter
from fastapi.responses import Response

from control_plane.analytics.queries import ApiTotal
from control_plane.management import apis
from control_plane.pages.apis.api_fields import TECHNOLOGIES, address_of
from control_plane.pages.apis.overview import totals_of_day
from control_plane.pages.apis.visits import ApisReader, api_tabs, title_of
from control_plane.pages.fleet.rollout import rollout_of
from control_plane.pages.paths import RowId
from control_plane.pages.visit import EnvironmentVisit
from control_plane.store.tables import ApiInstance

router = APIRouter()

_UPSTREAM: Final = "http://127.0.0.1:8000"
"""Where the service is, in examples."""


class Snippet(NamedTuple):
    """A text to copy."""

    title: str
    help: str
    text: str


@router.get("/environments/{environment_id}/apis/{api_id}", name="api")
def show(visit: ApisReader, api_id: RowId) -> Response:
    """The API instance."""
    totals = totals_of_day(visit)
    with visit.reading() as session:
        api = visit.api(session, api_id)
        return visit.page(
            "apis/summary.html",
            api=api,
            title=title_of(api),
            tabs=api_tabs(visit, api_id),
            address=address_of(api),
            technology=TECHNOLOGIES.get(api.technology, api.technology),
            rollout=rollout_of(visit, session, api),
            total=None if totals is None else totals.get(api_id, ApiTotal()),
            applications=apis.active_contracts(session, [api_id]).get(api_id, 0),
            snippets=list(_snippets(visit, api).values()),
        )


def _snippets(visit: EnvironmentVisit, api: ApiInstance) -> Mapping[str, Snippet]:
    prefix = _prefix(api)
    return {
        "envoy": Snippet(
            "A whole Envoy configuration",
            "Writes an Envoy configuration with a route to the service. Put the service's own"
            " address in.",
            "policy-adapter envoy-config --config adapter.yaml \\\n"
            f"  --api {api.id}={_UPSTREAM}{prefix} --output envoy.yaml",
        ),
        "fragment": Snippet(
            "Parts for an Envoy that you have",
            "Prints the filters, clusters and routes to add. Without --fragment, doctor reads what"
            " runs already.",
            "policy-adapter envoy-config --config adapter.yaml --fragment \\\n"
            f"  --api {api.id}{prefix}",
        ),
        "route": Snippet(
            "The route in Envoy",
            "Tells the adapter which API instance the requests of a route belong to.",
            _route(api),
        ),
        "binding": Snippet(
            "A binding in the adapter's settings",
            "For routes that you can't change: the adapter finds the API instance by host and"
            " path.",
            "requests:\n  bindings:\n"
            f"    - {{api_id: {api.id}, authority: {_host(api)}, path_prefix: {prefix or '/'}}}",
        ),
        "adapter": Snippet(
            "The adapter's settings",
            "The first start of the control plane writes them to a file with"
            " --adapter-settings. These are the parts that name this environment.",
            "platform:\n"
            f"  base_url: {visit.base_url}\n"
            f"  organization_id: {api.organization_id}\n"
            f"  environment_id: {api.environment_id}\n"
            "  client_id: GATEWAY_CLIENT_ID\n"
            "  client_secret: GATEWAY_CLIENT_SECRET",
        ),
        "curl": Snippet(
            "Read the policies with curl",
            "Log in with policy-control-plane login, which prints a token.",
            'curl -sS -H "Authorization: Bearer $TOKEN" \\\n  '
            + shlex.quote(
                f"{visit.base_url}/apimanager/api/v1/organizations/{api.organization_id}"
                f"/environments/{api.environment_id}/apis/{api.id}/policies"
            ),
        ),
    }


def _route(api: ApiInstance) -> str:
    prefix = _prefix(api)
    match = f"{{path_separated_prefix: {prefix}}}" if prefix else "{prefix: /}"
    return (
        f"- name: api-{api.id}\n"
        f"  match: {match}\n"
        "  route: {cluster: CLUSTER_OF_THE_SERVICE}\n"
        "  typed_per_filter_config:\n"
        "    envoy.filters.http.ext_authz:\n"
        '      "@type": type.googleapis.com/'
        "envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute\n"
        "      check_settings:\n"
        f'        context_extensions: {{api_id: "{api.id}", client_address: attested,'
        " api_chosen_by: path}"
    )


def _prefix(api: ApiInstance) -> str:
    """The path at which clients reach the API: that of its endpoint, or the name of its asset."""
    try:
        parts = urlsplit(address_of(api))
    except ValueError:
        parts = urlsplit("")
    path = parts.path.rstrip("/") if parts.netloc else f"/{api.asset.asset_id}"
    return path if re.fullmatch(r"(?:/[A-Za-z0-9._~-]+)*", path) else "/PREFIX"


def _host(api: ApiInstance) -> str:
    try:
        host = urlsplit(address_of(api)).hostname or ""
    except ValueError:
        host = ""
    return host if re.fullmatch(r"[A-Za-z0-9.-]+", host) else "api.example.com"
