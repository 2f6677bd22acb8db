"""A real identity provider on loopback: oidc-provider, run by Node."""

import asyncio
import base64
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import aiohttp

from tests.rig.npm_packages import NODE, installed
from tests.rig.polling import eventually
from tests.rig.redis_server import free_port

_SOURCE = Path(__file__).parent / "oidc_provider"

GATEWAY: Final = ("gateway", "gateway-secret")
"""The client id and secret with which an adapter may introspect tokens."""


CONSOLE: Final = {"oidc_client_id": "console", "oidc_client_secret": "console-secret"}
"""Settings of a control plane whose users log in here; `oidc_issuer` is missing."""


def authorization(client_id: str, secret: str) -> str:
    """The header of a client at the provider (RFC 6749, 2.3.1)."""
    return f"Basic {base64.b64encode(f'{client_id}:{secret}'.encode()).decode()}"


class IdentityProvider:
    """One process of the provider. A restart keeps only its port: it forgets keys and tokens.

    It knows the clients `app` and `other`, which get tokens with the scopes `read` and `write`, and
    `GATEWAY`. The secret of a client is its id with `-secret` at the end. Users can log in to the
    control plane's console: see `loggedIn` in `oidc_provider/server.mjs`.
    """

    def __init__(self, directory: Path) -> None:
        self._log = directory / "identity-provider.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._port = free_port()

    @property
    def issuer(self) -> str:
        """Its URL, which is also the issuer of its tokens."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def introspection_url(self) -> str:
        """Where tokens are introspected."""
        return f"{self.issuer}/token/introspection"

    @property
    def jwks_url(self) -> str:
        """Where its keys are."""
        return f"{self.issuer}/jwks"

    async def start(self) -> None:
        """Start it, and return when it answers."""
        modules = await asyncio.to_thread(installed, _SOURCE)
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: ASYNC220 - it only starts here
                [NODE, _SOURCE / "server.mjs", str(self._port), modules], stdout=log, stderr=log
            )
        await eventually(self._answers)

    def stop(self) -> None:
        """Kill it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        """Stop it from answering. Its connections stay open."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it continue."""
        self._signal(signal.SIGCONT)

    async def token(self, client_id: str = "app", scope: str = "read", algorithm: str = "") -> str:
        """A new token for that client: opaque, or a JWT signed with RS256 or ES256."""
        form = {"grant_type": "client_credentials", "scope": scope}
        if algorithm:
            form["resource"] = f"urn:test:{algorithm}"
        answer: dict[str, Any] = await self._post("/token", form, client_id)
        return str(answer["access_token"])

    async def revoke(self, token: str, client_id: str = "app") -> None:
        """Revoke the client's token (RFC 7009)."""
        await self._post("/token/revocation", {"token": token}, client_id)

    async def rotate_keys(self) -> None:
        """Replace all signing keys by new ones."""
        await self._post("/rotate", {}, "app")

    async def _post(self, path: str, form: dict[str, str], client_id: str) -> Any:
        headers = {"authorization": authorization(client_id, f"{client_id}-secret")}
        async with (
            aiohttp.ClientSession(raise_for_status=True) as http,
            http.post(self.issuer + path, data=form, headers=headers) as answer,
        ):
            is_json = answer.content_type == "application/json"
            return await answer.json() if is_json else await answer.read()

    async def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, f"it ended: {self._log.read_text()}"
        try:
            async with aiohttp.ClientSession() as http, http.get(self.jwks_url) as answer:
                return answer.status == 200
        except aiohttp.ClientError:
            return False

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)


@asynccontextmanager
async def running_provider(directory: Path) -> AsyncIterator[IdentityProvider]:
    """A provider that runs during the block."""
    provider = IdentityProvider(directory)
    try:
        await provider.start()
        yield provider
    finally:
        provider.stop()
