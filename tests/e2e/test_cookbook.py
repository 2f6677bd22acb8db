"""Every recipe of docs/cookbook.md, run as it stands there, and seen at a real adapter."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import yaml

from tests.rig.adapter_process import AdapterProcess, settings_for
from tests.rig.control_plane import RunningControlPlane, running_control_plane
from tests.rig.polling import eventually
from tests.rig.shell import Shell
from tests.rig.shell_blocks import headings, shell_blocks

pytestmark = pytest.mark.asyncio(loop_scope="module")

PAGE = "docs/cookbook.md"
HEADINGS = headings(PAGE)


RECIPES = [heading for heading in HEADINGS if heading.startswith("## ")]


class Kitchen:
    """A platform and its adapter, and the directory and the shell in which an admin works."""

    def __init__(
        self,
        platform: RunningControlPlane,
        adapter: AdapterProcess,
        directory: Path,
        apis: Mapping[str, int],
    ) -> None:
        """`apis`: the id of an API instance for each recipe."""
        self.platform = platform
        self.adapter = adapter
        self.directory = directory
        self.apis = apis
        self._shell = Shell(directory)

    async def shell(self) -> Shell:
        """A shell after the page's first block. Recipes share it until one of them fails."""
        if not self._shell.running:
            await self._shell.start()
            await self._shell.run(shell_blocks(PAGE)[0])
        return self._shell

    async def close(self) -> None:
        """End the shell."""
        await self._shell.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def kitchen(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Kitchen]:
    """One for all recipes. The platform's files are in the directory, as after its first start.

    An adapter looks for new API instances once a minute, so all are there before it starts.
    """
    directory = tmp_path_factory.mktemp("cookbook")
    async with running_control_plane(directory) as platform:
        credentials = directory / "admin.json"
        credentials.write_text(platform.credentials.as_json(platform.base_url))
        apis = {heading: (await platform.admin.create_api("orders"))["id"] for heading in RECIPES}
        async with AdapterProcess(settings_for(platform), directory / "adapter") as adapter:
            await adapter.until_ready()
            kitchen = Kitchen(platform, adapter, directory, apis)
            yield kitchen
            await kitchen.close()


class Recipe:
    """A shell after the page's first block, for a new API instance and a new application."""

    def __init__(self, kitchen: Kitchen, shell: Shell, api: int, application: Any) -> None:
        self.kitchen = kitchen
        self._shell = shell
        self._api = api
        self.client_id: str = application["clientId"]
        self.credentials = {
            "client_id": self.client_id,
            "client_secret": application["clientSecret"],
        }

    async def cook(self, heading: str) -> str:
        """Run the section's commands, without those of its subsections; what they print."""
        own = shell_blocks(PAGE, heading)
        for lower in subsections(heading):
            own = own[: len(own) - len(shell_blocks(PAGE, lower))]
        return "".join([await self.step(block) for block in own])

    async def step(self, block: str) -> str:
        """Run one block; what it prints."""
        return await self._shell.run(block)

    async def check(
        self, headers: Mapping[str, str] | None = None, method: str = "GET", path: str = "/orders/1"
    ) -> Any:
        """The adapter's answer to this request."""
        return await self.kitchen.adapter.check(str(self._api), headers, method=method, path=path)

    async def until(
        self,
        status: int,
        headers: Mapping[str, str] | None = None,
        method: str = "GET",
        path: str = "/orders/1",
    ) -> None:
        """Wait until such a request gets this status; 200 if it is allowed."""

        async def answered() -> bool:
            answer = await self.check(headers, method, path)
            if answer.status.code == 0:
                return status == 200
            return bool(answer.denied_response.status.code == status)

        await eventually(answered)


def subsections(heading: str) -> list[str]:
    """The headings of the next lower level that follow this one."""
    after = HEADINGS[HEADINGS.index(heading) + 1 :]
    level = heading.partition(" ")[0]
    found = []
    for lower in after:
        if not lower.startswith(f"{level}#"):
            break
        found.append(lower)
    return found


async def beginning(kitchen: Kitchen, heading: str) -> Recipe:
    """A recipe that begins like all of them; the ids are those of its own API and application."""
    api, application = (
        kitchen.apis[heading],
        await kitchen.platform.admin.create_application("Shop"),
    )
    shell = await kitchen.shell()
    await shell.run(f"API={api}\nAPPLICATION={application['id']}")
    return Recipe(kitchen, shell, api, application)


async def limit_all(recipe: Recipe, heading: str) -> None:
    """The limit is used up after a few requests of any clients."""
    await recipe.cook(heading)
    await recipe.until(429)


async def sla_tiers(recipe: Recipe, heading: str) -> None:
    """A client gets in when its contract is approved, and as often as its tier says."""
    make, approve, promise_more = shell_blocks(PAGE, heading)
    await recipe.step(make)
    await recipe.until(401, recipe.credentials)
    assert '"status":"PENDING"' in await recipe.step(approve)
    await recipe.until(200, recipe.credentials)
    await recipe.until(429, recipe.credentials)
    await recipe.until(401, {"client_id": recipe.client_id, "client_secret": "wrong"})
    assert '"maximumRequests":5' in await recipe.step(promise_more)


async def a_part(recipe: Recipe, heading: str) -> None:
    """The pattern covers the whole path with the route's prefix, and every method."""
    await recipe.cook(heading)
    await recipe.until(403, path="/orders/admin")
    await recipe.until(403, path="/orders/admin/users", method="POST")
    for path in ("/orders/1", "/admin", "/orders/administrators"):
        await recipe.until(200, path=path)


async def api_keys(recipe: Recipe, heading: str) -> None:
    """The key is the application's client id, as the last answer shows it."""
    shown = await recipe.cook(heading)
    assert f'"clientId":"{recipe.client_id}"' in shown
    await recipe.until(401)
    await recipe.until(200, {"x-api-key": recipe.client_id})


async def id_and_secret(recipe: Recipe, heading: str) -> None:
    """The secret counts. Then the three subsections, on the same API."""
    hide, rotate, revoke = subsections(heading)
    await recipe.cook(heading)
    await recipe.until(401, {"client_id": recipe.client_id})
    await recipe.until(200, recipe.credentials)

    await recipe.cook(hide)

    async def hidden() -> bool:
        answer = await recipe.check(recipe.credentials)
        return {"client_id", "client_secret"} <= set(answer.ok_response.headers_to_remove)

    await eventually(hidden)
    told = (await recipe.check(recipe.credentials)).ok_response.headers
    assert {"x-adapter-client-id", "x-adapter-client-name"} <= {o.header.key for o in told}

    secret = (await recipe.cook(rotate)).strip()
    await recipe.until(401, recipe.credentials)
    recipe.credentials["client_secret"] = secret
    await recipe.until(200, recipe.credentials)

    withdraw, restore = shell_blocks(PAGE, revoke)
    await recipe.step(withdraw)
    await recipe.until(401, recipe.credentials)
    await recipe.step(restore)
    await recipe.until(200, recipe.credentials)


async def tokens(recipe: Recipe, heading: str) -> None:
    """A request without a token is refused, one with another issuer's too."""
    await recipe.cook(heading)
    await recipe.until(400)


async def web_pages(recipe: Recipe, heading: str) -> None:
    """The adapter answers the preflight of a listed page with a grant."""
    await recipe.cook(heading)
    preflight = {"origin": "https://shop.example.com", "access-control-request-method": "POST"}
    await recipe.until(204, preflight, "OPTIONS")
    granted = (await recipe.check(preflight, "OPTIONS")).denied_response.headers
    assert "access-control-allow-origin" in {o.header.key for o in granted}


async def every_api(recipe: Recipe, heading: str) -> None:
    """An API that nobody touched has the policy; afterwards it has not."""
    apply, remove = shell_blocks(PAGE, heading)
    assert '"assetId":"ip-blocklist"' in await recipe.step(apply)
    await recipe.until(403)  # the Check of this test has no attested address
    await recipe.step(remove)
    await recipe.until(200)


async def changes(recipe: Recipe, heading: str) -> None:
    """A policy that was turned on refuses, until it is removed."""
    turn_on, remove = shell_blocks(PAGE, heading)
    assert '"disabled":false' in await recipe.step(turn_on)
    await recipe.until(403)
    await recipe.step(remove)
    await recipe.until(200)


async def statistics(recipe: Recipe, heading: str) -> None:
    """Both questions have an answer."""
    assert (await recipe.cook(heading)).count('"groups":') == 2


async def one_more_adapter(recipe: Recipe, heading: str) -> None:
    """Its settings pass the check, and Envoy knows both adapters."""
    await recipe.cook(heading)
    directory = recipe.kitchen.directory
    written = yaml.safe_load((directory / "second.yaml").read_text())
    assert written["platform"]["client_id"]
    envoy = (directory / "envoy-for-two.yaml").read_text()
    assert all(f"port_value: {port}" in envoy for port in (9001, 9011))


COOKED: Mapping[str, Callable[[Recipe, str], Awaitable[None]]] = {
    "## Limit all clients together": limit_all,
    "## Give each client a limit of its own: SLA tiers": sla_tiers,
    "## Protect a part of an API": a_part,
    "## Use API keys": api_keys,
    "## Ask for a client id and its secret": id_and_secret,
    "## Accept tokens of your identity provider (JWT)": tokens,
    "## Let web pages call an API (CORS)": web_pages,
    "## Apply a policy to every API": every_api,
    "## Change, turn off and order policies": changes,
    "## See what became of the requests": statistics,
    "## Add an adapter": one_more_adapter,
}


@pytest.mark.parametrize("heading", RECIPES)
async def test_a_recipe_does_what_it_promises(kitchen: Kitchen, heading: str) -> None:
    """Each recipe of the page has a test, and each test sees the recipe's effect."""
    await COOKED[heading](await beginning(kitchen, heading), heading)
