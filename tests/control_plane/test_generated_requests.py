"""Requests that schemathesis makes from the OpenAPI document; each answer is as the document says.

The requests are the same in each run, because hypothesis is derandomized.
"""

import asyncio
import gzip
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import requests
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from schemathesis import Case, GenerationMode

from control_plane.protocol.ingest import INGEST_PATH
from control_plane.protocol.routes import openapi_document
from control_plane.settings import Settings
from tests.control_plane.conftest import Platform, started_platform
from tests.control_plane.every_route import Routes, fill
from tests.rig.documented_answers import DocumentedAnswers, operations

EXAMPLES = 4
"""Requests to each operation: as many good ones as bad ones."""
BASE_URL = "http://platform.test"


def sorted_operations() -> list[Any]:
    """All operations, those that delete last; without second names of the same endpoints."""
    found = operations(openapi_document())
    known = [each for each in found if not each.path.startswith("/exchange/api/v1/")]
    return sorted(known, key=lambda each: bool(each.method == "delete"))


@dataclass
class Site:
    """A control plane with one of everything, asked from outside of its event loop."""

    runner: asyncio.Runner
    platform: Platform
    client: httpx.AsyncClient
    authorizations: dict[str, str]

    def authorization(self, path: str) -> dict[str, str]:
        """Credentials that may ask for this. Otherwise most bad requests would have none."""
        return {"Authorization": self.authorizations[_caller(path)]}

    def ask(self, case: Case[Any]) -> None:
        """Send the request of a case. Its answer is checked on the way."""
        sent = requests.Request(**case.as_transport_kwargs(BASE_URL)).prepare()
        body: Any = sent.body or b""
        if case.path == INGEST_PATH:
            body = gzip.compress(body if isinstance(body, bytes) else body.encode())
        headers: Any = {**sent.headers}
        headers.pop("Content-Length", None)
        request = self.client.build_request(
            str(sent.method), str(sent.url), headers=headers, content=body
        )
        self.runner.run(self.client.send(request))


def _caller(path: str) -> str:
    """Who may ask for this."""
    if path.endswith("/client/quota"):
        return "application"
    return "gateway" if path.endswith("/report") or path == INGEST_PATH else "admin"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The site of all requests of this file."""
    with asyncio.Runner() as runner:
        sites = _site(runner, tmp_path_factory.mktemp("generated") / "platform.db")
        yield runner.run(sites.asend(None))
        runner.run(sites.aclose())


async def _site(runner: asyncio.Runner, database: Path) -> AsyncGenerator[Site, None]:
    async with started_platform(Settings(database=database)) as platform:
        phone = await fill(platform)
        basic = httpx.BasicAuth(phone["clientId"], phone["clientSecret"])
        asked = next(basic.auth_flow(httpx.Request("GET", BASE_URL)))
        authorizations = {
            "admin": platform.admin.authorization["Authorization"],
            "gateway": platform.gateway.headers["Authorization"],
            "application": asked.headers["Authorization"],
        }
        # An endpoint that fails gives a 500, as over the network.
        transport = httpx.ASGITransport(platform.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=DocumentedAnswers(transport)) as client:
            yield Site(runner, platform, client, authorizations)


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
@pytest.mark.parametrize("operation", sorted_operations(), ids=lambda each: str(each.label))
def test_an_answer_is_not_as_documented(site: Site, operation: Any, mode: GenerationMode) -> None:
    """Statuses, media types, headers and bodies, for good requests and for bad ones."""
    routes, names = Routes(site.platform), {each.name for each in operation.query}
    headers = {each.name for each in operation.headers} - {"Authorization"}
    takes_more = names - {"environmentId"} or operation.body or headers
    needed = {"environmentId": site.platform.credentials.environment_id}

    @given(
        case=operation.as_strategy(
            mode if takes_more else GenerationMode.POSITIVE,
            path_parameters=routes.ids(operation.path),
            headers=site.authorization(operation.path),
            query={name: value for name, value in needed.items() if name in names},
        )
    )
    @hypothesis_settings(
        derandomize=True,
        database=None,
        deadline=None,
        max_examples=EXAMPLES // 2 if takes_more else 1,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def ask(case: Case[Any]) -> None:
        site.ask(case)

    ask()
