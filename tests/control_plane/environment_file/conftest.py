"""A platform whose configuration is read and changed as a whole."""

from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.control_plane.conftest import Platform

Document = dict[str, Any]


@dataclass
class Environment:
    """The configuration of one environment, as an admin uses it."""

    platform: Platform
    client: httpx.AsyncClient
    headers: dict[str, str]
    environment_id: str = ""

    @property
    def path(self) -> str:
        """The path of the configuration."""
        known = self.platform.credentials
        environment_id = self.environment_id or known.environment_id
        return (
            f"/policy-control-plane/v1/organizations/{known.organization_id}"
            f"/environments/{environment_id}/configuration"
        )

    async def ask(
        self, method: str, path: str = "", body: Document | None = None, **query: Any
    ) -> httpx.Response:
        """Any request. A PUT takes whatever is there."""
        headers = {"If-Match": query.pop("if_match", "*")} | self.headers
        return await self.client.request(
            method, f"{self.path}{path}", json=body, params=query, headers=headers
        )

    async def export(self, **query: Any) -> Document:
        """The document of the environment."""
        response = await self.ask("GET", **query)
        assert response.status_code == 200, response.text
        document: Document = response.json()
        return document

    async def apply(self, document: Document, **query: Any) -> list[str]:
        """Apply the document; one text for each change."""
        return _changes(await self.ask("PUT", "", document, **query))

    async def diff(self, document: Document, **query: Any) -> list[str]:
        """What an apply would change."""
        return _changes(await self.ask("POST", "/diff", document, **query))

    async def errors(self, document: Document, **query: Any) -> dict[str, str]:
        """What is wrong with the document, by its place."""
        response = await self.ask("POST", "/diff", document, **query)
        assert response.status_code == 400, response.text
        return {error["path"]: error["message"] for error in response.json()["errors"]}


def _changes(response: httpx.Response) -> list[str]:
    assert response.status_code == 200, response.text
    return [f"{change['action']} {change['thing']}" for change in response.json()["changes"]]


@pytest.fixture
def environment(platform: Platform) -> Environment:
    """The environment of a new platform."""
    return Environment(platform, platform.anyone, platform.admin.authorization)
