"""Somebody who visits the console's pages, as a browser without scripts would."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from control_plane.accounts.roles import Role
from control_plane.management import users
from control_plane.management.transaction import Actor, Transaction
from tests.control_plane.conftest import Platform

ORIGIN = "https://console.test"
PASSWORD = "correct horse battery"


class Visitor:
    """A client with cookies. Redirects are followed after forms, as browsers do."""

    def __init__(self, client: httpx.AsyncClient, platform: Platform) -> None:
        self.client = client
        self.platform = platform

    @property
    def home(self) -> str:
        """The path of the environment, which its other pages begin with."""
        return f"/environments/{self.platform.credentials.environment_id}"

    async def log_in(self, name: str, password: str) -> httpx.Response:
        """Send the login form."""
        return await self.send("/login", name=name, password=password)

    async def open(self, path: str) -> httpx.Response:
        """Go to a page; a redirect is the answer."""
        return await self.client.get(path)

    async def page(self, path: str) -> str:
        """The text of a page that must open."""
        response = await self.open(path)
        assert response.status_code == 200, (path, response.status_code, response.text)
        return response.text

    async def send(self, path: str, **fields: str | list[str]) -> httpx.Response:
        """Send a form; the answer is not followed."""
        return await self.client.post(path, data=fields)

    async def done(self, path: str, **fields: str | list[str]) -> str:
        """Send a form that must succeed; the text of the page that it leads to."""
        response = await self.send(path, **fields)
        assert response.status_code == 303, (path, response.status_code, response.text)
        return await self.page(response.headers["location"])

    async def confirmed(self, path: str, **fields: str) -> str:
        """Go to the page that asks, and answer yes; the text of the page that this leads to."""
        return await self.done(path, version=version_in(await self.page(path)), **fields)


def version_in(page: str) -> str:
    """The version of what the page asks about, before it is deleted, revoked or turned off."""
    found = re.search(r'name="version" value="([0-9a-f]{32})"', page)
    assert found is not None
    return found[1]


def add_user(
    platform: Platform, name: str, role: Role | None, environment_id: str | None = None
) -> int:
    """A user with `PASSWORD` and this role, in one environment or in all; the user's id."""
    roles = {} if role is None else {environment_id: role}
    services, organization_id = platform.services, platform.credentials.organization_id
    with services.database.write() as session:
        transaction = Transaction(
            session,
            Actor("test", Role.OWNER),
            organization_id,
            platform.clock.now(),
            services.epochs,
        )
        profile = users.Profile(None, enabled=True, roles=roles)
        user = users.create(transaction, name, services.hasher.hash(PASSWORD), profile)
        return user.id


@asynccontextmanager
async def visiting(platform: Platform) -> AsyncIterator[Visitor]:
    """Somebody who is not logged in yet."""
    headers = {"Accept": "text/html", "Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}
    # Cookies of the console need HTTPS.
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(platform.app), base_url=ORIGIN, headers=headers
    ) as client:
        yield Visitor(client, platform)


@asynccontextmanager
async def visiting_as(
    platform: Platform, role: Role, environment_id: str | None = None
) -> AsyncIterator[Visitor]:
    """A new user with this role, logged in."""
    add_user(platform, f"a-{role}", role, environment_id)
    async with visiting(platform) as visitor:
        assert (await visitor.log_in(f"a-{role}", PASSWORD)).status_code == 303
        yield visitor
