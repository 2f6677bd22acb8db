"""A control plane without a network, whose clock the test moves."""

import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from control_plane.accounts.credentials import Credentials
from control_plane.accounts.first_start import set_up
from control_plane.app import create_app, open_services
from control_plane.database_address import events_file, parse_address
from control_plane.services import Services
from control_plane.settings import Settings
from control_plane.store.database import Database
from control_plane.store.schema import CONFIGURATION, EVENTS
from support.admin import Admin, AdminError, Document
from tests.rig.clickhouse import ClickHouseEngine
from tests.rig.clock import DatetimeClock
from tests.rig.documented_answers import DocumentedAnswers
from tests.rig.hashing import quick_hasher
from tests.rig.notice_receivers import (
    MailReceiver,
    WebhookReceiver,
    mail_receiver,
    webhook_receiver,
)
from tests.rig.postgresql_server import PostgresqlServer, running_postgresql

ON_SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
"""For tests of what is decided before a database is asked."""

ON_BOTH_DATABASES = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)


@dataclass
class Platform:
    """One control plane with an admin and a gateway, both with tokens."""

    app: FastAPI
    services: Services
    clock: DatetimeClock
    credentials: Credentials
    admin: Admin
    gateway: httpx.AsyncClient
    anyone: httpx.AsyncClient

    @property
    def organization(self) -> str:
        """The path of the organization."""
        return f"/apimanager/api/v1/organizations/{self.credentials.organization_id}"

    @property
    def apis(self) -> str:
        """The path of the environment's API instances."""
        return f"{self.organization}/environments/{self.credentials.environment_id}/apis"

    @property
    def applications(self) -> str:
        """The path of the client applications."""
        return f"/exchange/api/v2/organizations/{self.credentials.organization_id}/applications"

    @property
    def environments(self) -> str:
        """The path of the environments."""
        return f"/accounts/api/organizations/{self.credentials.organization_id}/environments"

    @property
    def analytics(self) -> str:
        """The path of the analytics queries."""
        return (
            f"/analytics/1.0/{self.credentials.organization_id}"
            f"/environments/{self.credentials.environment_id}"
        )

    def feed(self, api_id: int) -> str:
        """The path of an API's contract feed."""
        return (
            f"/apigateway/ccs/v3/organizations/{self.credentials.organization_id}"
            f"/environments/{self.credentials.environment_id}/apis/{api_id}/contracts"
        )

    async def api_and_application(self) -> tuple[int, Document]:
        """The id of a new API instance, and a new application with its secret."""
        api_id = (await self.admin.create_api("orders"))["id"]
        return api_id, await self.admin.create_application("phone")

    async def refusal(self, method: str, path: str, body: Any = None) -> AdminError:
        """The refusal of what an admin asks for."""
        with pytest.raises(AdminError) as refused:
            await self.admin.ask(method, path, body)
        return refused.value

    async def damaged(self, path: str) -> Any:
        """A gateway's answer with damaged rows, which the OpenAPI document says nothing about."""
        transport = httpx.ASGITransport(self.app)
        async with httpx.AsyncClient(transport=transport, headers=self.gateway.headers) as client:
            return (await client.get(f"http://platform.test{path}")).json()

    async def page(self, url: str) -> dict[str, Any]:
        """One page of the contract feed."""
        response = await self.gateway.get(url, headers={"X-Accept-Hash-Algorithm": "sha256"})
        assert response.status_code == 200, response.text
        page: dict[str, Any] = response.json()
        return page

    async def rest(self, url: str) -> tuple[list[dict[str, Any]], str]:
        """What the feed has from `url` on, and where to go on later."""
        entries: list[dict[str, Any]] = []
        while page := await self.page(url):
            if not page["data"]:
                return entries, page["links"]["next"]
            entries += page["data"]
            url = page["links"]["next"]
        raise AssertionError("a page is never empty as a document")


async def gateway_token(client: httpx.AsyncClient, credentials: Credentials) -> str:
    """A token for the gateway."""
    body = {
        "grant_type": "client_credentials",
        "client_id": credentials.gateway_client_id,
        "client_secret": credentials.gateway_client_secret,
    }
    response = await client.post("/accounts/oauth2/token", json=body)
    assert response.status_code == 200, response.text
    return str(response.json()["access_token"])


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgresqlServer]:
    """The PostgreSQL server of this process."""
    with running_postgresql() as server:
        yield server


@pytest.fixture(scope="session")
def clickhouse() -> Iterator[ClickHouseEngine]:
    """The ClickHouse engine of this process."""
    engine = ClickHouseEngine()
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def files_with_tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files of a platform that has started once. Copies save tests this start."""
    folder = tmp_path_factory.mktemp("files-with-tables")
    for path, schema in (
        (folder / "platform.db", CONFIGURATION),
        (events_file(folder / "platform.db"), EVENTS),
    ):
        Database(path, schema).close()
    return folder


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database of each kind, without rows."""
    yield from database_without_rows(request, tmp_path)


def database_without_rows(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database of the kind that the parameter names."""
    if request.param == "sqlite":
        shutil.copytree(request.getfixturevalue("files_with_tables"), tmp_path, dirs_exist_ok=True)
        yield str(tmp_path / "platform.db")
        return
    server: PostgresqlServer = request.getfixturevalue("postgresql")
    with server.database_without_rows() as address:
        yield address


@pytest.fixture
def settings(database: str) -> Settings:
    """Settings with small limits, so that tests reach them."""
    return Settings(
        database=parse_address(database),
        contract_page_size=3,
        max_analytics_unpacked_mib=1,
        max_analytics_events=500,
    )


@pytest.fixture
async def webhook() -> AsyncIterator[WebhookReceiver]:
    """A webhook."""
    async with webhook_receiver() as receiver:
        yield receiver


@pytest.fixture
async def mail() -> AsyncIterator[MailReceiver]:
    """A mail server without encryption."""
    async with mail_receiver() as receiver:
        yield receiver


@pytest.fixture
async def platform(settings: Settings) -> AsyncIterator[Platform]:
    """A control plane after its first start."""
    async with started_platform(settings) as platform:
        yield platform


@asynccontextmanager
async def started_platform(settings: Settings) -> AsyncIterator[Platform]:
    """A control plane after its first start."""
    clock = DatetimeClock()
    services = open_services(settings, clock, quick_hasher())
    shown: list[Credentials] = []
    set_up(services.database, services.hasher, shown.append, clock.now())
    app = create_app(services)
    transport = DocumentedAnswers(httpx.ASGITransport(app))
    base_url = "http://platform.test"
    async with (
        httpx.AsyncClient(transport=transport, base_url=base_url) as anyone,
        httpx.AsyncClient(transport=transport, base_url=base_url) as gateway,
        Admin(base_url, asdict(shown[0]), transport=transport) as admin,
    ):
        gateway.headers["Authorization"] = f"Bearer {await gateway_token(anyone, shown[0])}"
        yield Platform(app, services, clock, shown[0], admin, gateway, anyone)
    services.close()
