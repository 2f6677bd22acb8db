"""Refuses query parameters that an endpoint does not have.

A misspelt filter would otherwise be passed over, and the answer would be about something else.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from control_plane.errors import Invalid
from control_plane.protocol.described import refuses
from control_plane.spelling import did_you_mean

_ORGANIZATION: Final = "/apimanager/api/v1/organizations/{organization_id}"
_APIS: Final = f"{_ORGANIZATION}/environments/{{environment_id}}/apis"
_XAPIS: Final = _APIS.replace("/api/", "/xapi/", 1)
_EXCHANGE: Final = f"{_ORGANIZATION.replace('/api/', '/xapi/', 1)}/exchange-policy-templates"

IGNORED: Final[Mapping[tuple[str, str], frozenset[str]]] = {
    ("GET", f"{_APIS}/{{api_id}}"): frozenset(
        {
            *("includeProxyConfiguration", "includeProxyTemplate", "includeTlsContexts"),
            "includeValidation",
        }
    ),
    ("GET", _XAPIS): frozenset({"pinnedFirst"}),
    ("GET", _EXCHANGE): frozenset(
        {
            *("environmentId", "splitModel", "latest", "includeConfiguration", "automatedOnly"),
            "injectionPoint",
        }
    ),
    ("GET", f"{_EXCHANGE}/{{group_id}}/{{asset_id}}/{{asset_version}}"): frozenset(
        {"apiInstanceId", "includeAllVersions", "splitModel"}
    ),
    ("PATCH", f"{_APIS}/{{api_id}}"): frozenset({"force", "updateApisInSamePort"}),
    ("GET", f"{_APIS}/{{api_id}}/policies"): frozenset({"standalone", "version"}),
    ("GET", f"{_APIS}/{{api_id}}/contracts"): frozenset(
        {"includeExtraApplicationData", "includeExtraRedirections"}
    ),
    ("GET", f"{_ORGANIZATION}/automated-policies"): frozenset({"runtimeVersion"}),
    **{
        ("POST", f"{part}/organizations/{{organization_id}}/applications"): frozenset(
            {"apiInstanceId"}
        )
        for part in ("/exchange/api/v1", "/exchange/api/v2", "/apiplatform/repository/v2")
    },
    ("GET", "/apiplatform/repository/v2/organizations/{organization_id}/applications"): frozenset(
        {"literalMatch", "targetAdminSite"}
    ),
    (
        "GET",
        "/exchange/api/v1/organizations/{organization_id}/environments/{environment_id}"
        "/apis/{api_id}/contracts/{contract_id}",
    ): frozenset({"masterOrganizationId"}),
}
"""Parameters of the vendor's documents and clients that change nothing here: they ask for members
that every answer has, or for checks of things that do not exist here."""


@refuses(Invalid)
async def only_known_parameters(request: Request) -> None:
    """Raise Invalid if the query has a parameter that the endpoint does not read."""
    names = request.query_params.keys()
    route = request.scope.get("route")
    if not names or not isinstance(route, APIRoute):
        return
    known = set(_read_by(route.dependant))
    ignored = IGNORED.get((request.method, route.path), frozenset())
    unknown = sorted(names - known - ignored)
    if unknown:
        raise Invalid("; ".join(_objection(name, known) for name in unknown))


def _read_by(dependant: Dependant) -> Iterator[str]:
    """The query parameters of an endpoint and of everything that it depends on."""
    yield from (field.alias for field in dependant.query_params)
    for inner in dependant.dependencies:
        yield from _read_by(inner)


def _objection(name: str, known: set[str]) -> str:
    fix = did_you_mean(name, known)
    if not fix:
        fix = f"known are {', '.join(sorted(known))}" if known else "there is none"
    return f"{name[:64]}: unknown query parameter; {fix}"
