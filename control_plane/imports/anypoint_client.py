"""Reads an environment from Anypoint Platform, with the credentials of a connected app.

The connected app needs to view API Manager, its contracts, and Exchange's client applications. It
changes nothing there. The console's export would leave out contracts and policies.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from control_plane.errors import ControlPlaneError
from control_plane.imports.anypoint import Answers, ApiAnswers
from control_plane.imports.reading import listed
from control_plane.json_client import JsonClient, expecting, json_client

_TIMEOUT_S: Final = 30.0
_PAGE: Final = 100
_MOST_PAGES: Final = 1000


@dataclass(frozen=True, slots=True)
class ConnectedApp:
    """Where the platform is, and who asks."""

    base_url: str
    client_id: str
    client_secret: str = field(repr=False)


@contextmanager
def anypoint_client(app: ConnectedApp) -> Iterator["AnypointClient"]:
    """A client that is logged in; raise ControlPlaneError if the platform refuses."""
    with json_client(app.base_url, _TIMEOUT_S) as http:
        client = AnypointClient(http)
        client.log_in(app)
        yield client


class AnypointClient:
    """Asks the platform.

    Every method raises ControlPlaneError if the platform refuses or does not answer.
    """

    def __init__(self, http: JsonClient) -> None:
        self._http = http

    def log_in(self, app: ConnectedApp) -> None:
        """Get a token for the later requests."""
        answer = self._http.ask(
            "POST",
            "/accounts/api/v2/oauth2/token",
            json={
                "grant_type": "client_credentials",
                "client_id": app.client_id,
                "client_secret": app.client_secret,
            },
        )
        with expecting(self._http.base_url, "an access token"):
            self._http.authorize(answer.document["access_token"])

    def environment(self, name: str, organization: str | None = None) -> Answers:
        """What the environment of this name contains.

        `organization` is an id. Without it, it is the connected app's own.
        """
        with expecting(self._http.base_url, "an organization, its environments and its APIs"):
            organization = organization or self._own_organization()
            environment = self._environment_id(organization, name)
            apis = (
                f"/apimanager/api/v1/organizations/{organization}/environments/{environment}/apis"
            )
            assets = self._pages(apis, "assets")
            ids = [api["id"] for asset in assets for api in asset.get("apis", ())]
        return Answers(
            [self._api(f"{apis}/{api_id}") for api_id in ids],
            self._applications(organization),
            self._get(
                f"/apimanager/api/v1/organizations/{organization}/automated-policies",
                {"environmentId": environment},
            ),
        )

    def _own_organization(self) -> str:
        me = self._get("/accounts/api/me")
        found = (me.get("client") or {}).get("org_id") or (
            (me.get("user") or {}).get("organization") or {}
        ).get("id")
        if not found:
            raise ControlPlaneError("the platform does not tell the organization: name its id")
        return str(found)

    def _environment_id(self, organization: str, name: str) -> str:
        rows = listed(self._get(f"/accounts/api/organizations/{organization}/environments"), "data")
        ids = {row["name"]: row["id"] for row in rows or ()}
        if name not in ids:
            known = ", ".join(sorted(ids)) or "none"
            raise ControlPlaneError(f"the source has no environment {name!r}; it has {known}")
        return str(ids[name])

    def _api(self, path: str) -> ApiAnswers:
        return ApiAnswers(
            self._get(path),
            self._get(f"{path}/policies"),
            self._pages(f"{path}/tiers", "tiers"),
            self._pages(f"{path}/contracts", "contracts"),
        )

    def _applications(self, organization: str) -> list[Any]:
        """The list is the one place that tells secrets to an administrator."""
        path = f"/apiplatform/repository/v2/organizations/{organization}/applications"
        return self._pages(path, "applications", {"targetAdminSite": "true"})

    def _pages(
        self, path: str, name: str, parameters: Mapping[str, str] | None = None
    ) -> list[Any]:
        """All rows of a list, asked for page by page until one is empty."""
        rows: list[Any] = []
        for _ in range(_MOST_PAGES):
            page = {"offset": str(len(rows)), "limit": str(_PAGE), **(parameters or {})}
            found = listed(self._get(path, page), name)
            if not found:
                return rows
            rows += found
        raise ControlPlaneError(f"{path}: the list does not end after {len(rows)} rows")

    def _get(self, path: str, parameters: Mapping[str, str] | None = None) -> Any:
        return self._http.ask("GET", path, params=parameters).document
