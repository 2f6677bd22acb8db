"""Stolen tokens, through a real Envoy: bound to a certificate, and to a key with DPoP."""

import ssl
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from cryptography.x509 import load_pem_x509_certificate

from adapter.envoy_config import ApiRoute, ListenerTls, render
from adapter.policy.request.client_certificate import digest_of
from adapter.policy.tokens.base64url import encoded
from adapter.runtime.clock import SystemClock
from support.defaults import envoy_config, memory_quotas
from support.dpop_client import DpopClient
from support.token_issuer import TokenIssuer, public_pem
from support.upstream import Upstream
from tests.builders import api, applied
from tests.rig.adapters import AdapterInProcess
from tests.rig.certificates import Authority, Identity
from tests.rig.envoy import Envoy
from tests.rig.raw_http import Answer, request

pytestmark = pytest.mark.asyncio(loop_scope="session")

ISSUER = TokenIssuer("ES256")
CLIENT = DpopClient()
API = api(
    "bound",
    [
        applied(
            "jwt-validation",
            {
                "signingMethod": "es",
                "textKey": public_pem(ISSUER.key),
                "skipClientIdValidation": True,
                "senderConstraint": "any",
            },
        )
    ],
)
URL = "https://api.test/orders"


@dataclass(frozen=True, slots=True)
class Bound:
    """An Envoy that asks clients for certificates, two of which it issued."""

    envoy: Envoy
    authority: Authority
    client: Identity
    thief: Identity

    async def ask(
        self, headers: dict[str, str], identity: Identity | None = None, path: str = "/orders"
    ) -> Answer:
        """The answer to a client with that certificate."""
        shown = identity or self.client
        context = ssl.create_default_context(cafile=self.authority.certificate)
        context.load_cert_chain(shown.certificate, shown.key)
        return await request(
            self.envoy.address, "api.test", path, list(headers.items()), tls=context
        )


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def bound(
    binary: Path, upstream: Upstream, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Bound]:
    """The configuration that we print with `--client-ca-file`."""
    directory = tmp_path_factory.mktemp("bound")
    authority = Authority(directory)
    server, client, thief = (authority.issue(name) for name in ("envoy", "client", "thief"))
    async with AdapterInProcess([API], quotas=memory_quotas(SystemClock())) as adapter:
        config = envoy_config(
            apis=(ApiRoute("bound", upstream.http_address),),
            adapters=(adapter.address,),
            check_timeout_s=5,
            health_interval_s=0.2,
            listener_tls=ListenerTls(
                str(server.certificate), str(server.key), str(authority.certificate)
            ),
        )
        async with Envoy(binary, render(config), directory / "envoy") as envoy:
            yield Bound(envoy, authority, client, thief)


def token(confirmation: object) -> str:
    """A good token with this `cnf`."""
    return ISSUER.token({"sub": "ann", "exp": int(time.time()) + 600, "cnf": confirmation})


async def test_a_stolen_token_is_refused_without_the_certificate(bound: Bound) -> None:
    """RFC 8705: Envoy's certificate of the client decides, and no header does."""
    pem = bound.client.certificate.read_bytes()
    digest = encoded(digest_of(load_pem_x509_certificate(pem)))
    headers = {"authorization": f"Bearer {token({'x5t#S256': digest})}"}
    assert (await bound.ask(headers)).status == 200
    forged = {**headers, "x-forwarded-client-cert": f'Cert="{pem.decode().splitlines()[1]}"'}
    answer = await bound.ask(forged, bound.thief)
    assert (answer.status, answer.header("x-adapter-reason")) == (401, "token_invalid")


async def test_a_stolen_token_is_refused_without_the_key(bound: Bound) -> None:
    """RFC 9449: each request has a proof of its own."""
    bearer = token(dict(CLIENT.confirmation))
    headers = {"authorization": f"DPoP {bearer}", "dpop": CLIENT.proof("GET", URL, bearer)}
    assert (await bound.ask(headers, path="/orders?page=2")).status == 200
    replayed = await bound.ask(headers)
    assert (replayed.status, replayed.header("x-adapter-reason")) == (401, "proof_invalid")
    challenge = replayed.header("www-authenticate") or ""
    assert challenge.startswith('DPoP error="invalid_dpop_proof", algs="')
    other = {**headers, "dpop": CLIENT.proof("GET", f"{URL}/7", bearer)}
    assert (await bound.ask(other)).header("x-adapter-reason") == "proof_invalid"
    by_thief = {**headers, "dpop": DpopClient().proof("GET", URL, bearer)}
    assert (await bound.ask(by_thief)).header("x-adapter-reason") == "token_invalid"


async def test_two_proofs_in_two_headers_are_refused(bound: Bound) -> None:
    """Envoy joins them."""
    bearer = token(dict(CLIENT.confirmation))
    proofs = [CLIENT.proof("GET", URL, bearer) for _ in range(2)]
    headers = {"authorization": f"DPoP {bearer}", "dpop": proofs[0], "Dpop": proofs[1]}
    answer = await bound.ask(headers)
    assert answer.header("x-adapter-reason") == "proof_invalid"


async def test_an_unbound_token_is_refused(bound: Bound) -> None:
    """The issuer has to bind it."""
    headers = {"authorization": f"Bearer {token({})}"}
    assert (await bound.ask(headers)).header("x-adapter-reason") == "token_invalid"
