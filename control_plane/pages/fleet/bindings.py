"""What binds the requests of a discovered service to an API instance: texts to copy.

Clients choose host names, so nothing is copied that a shell or YAML would read as more than a name.
"""

import json
import re
import shlex
from typing import NamedTuple

from control_plane.store.tables import ApiInstance, DiscoveredService

_ROUTE_IN_ENVOY = """\
typed_per_filter_config:
  envoy.filters.http.ext_authz:
    "@type": type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute
    check_settings:
      context_extensions: {{api_id: "{api_id}", client_address: attested}}"""


class Snippet(NamedTuple):
    """A text to copy."""

    title: str
    help: str
    text: str


def bindings_of(service: DiscoveredService, api: ApiInstance) -> list[Snippet]:
    """The ways to bind the service, the safest first."""
    snippets = [
        Snippet(
            "In Envoy's route",
            "The route that these requests take tells the adapter which API instance they belong"
            " to.",
            _ROUTE_IN_ENVOY.format(api_id=api.id),
        )
    ]
    if service.route:
        snippets.append(
            Snippet(
                "In the adapter's settings, by the route's name",
                "Needs x-route-name: %ROUTE_NAME% in the initial_metadata of Envoy's ext_authz"
                " filter.",
                _binding(api, "route_name", service.route),
            )
        )
    host = plain_host(service.host)
    if host:
        snippets.append(
            Snippet(
                "In the adapter's settings, by the host",
                "Safe only if Envoy's virtual host lists the same domain.",
                _binding(api, "authority", host),
            )
        )
    at_host = f"@{host}" if host else ""
    option = shlex.quote(f"{api.id}{at_host}=http://SERVICE_HOST:PORT")
    snippets.append(
        Snippet(
            "In a new Envoy configuration",
            "One more --api for policy-adapter envoy-config. Put the service's own address in.",
            f"--api {option}",
        )
    )
    return snippets


def plain_host(host: str) -> str:
    """The host without its port, in small letters; empty if it is not a plain name."""
    name = host.lower().rstrip(".")
    name = re.sub(r":[0-9]{1,5}$", "", name).rstrip(".")
    return name if re.fullmatch(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?", name) else ""


def _binding(api: ApiInstance, name: str, value: str) -> str:
    written = json.dumps(value, ensure_ascii=False)  # every JSON text is a YAML text
    return f"requests:\n  bindings:\n    - api_id: {api.id}\n      {name}: {written}"
