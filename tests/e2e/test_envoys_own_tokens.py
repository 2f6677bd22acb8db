"""Tokens that a real Envoy's `jwt_authn` filter has verified."""

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import yaml

from adapter.envoy_config import ApiRoute, render
from adapter.ext_authz.check.jwt_payloads import NAMESPACE
from support.defaults import envoy_config
from support.token_issuer import TokenIssuer, key_set, public_pem
from support.upstream import Upstream
from tests.builders import api, applied, contract
from tests.e2e.conftest import manager_and_filter
from tests.rig.adapters import AdapterInProcess
from tests.rig.envoy import Envoy
from tests.rig.raw_http import Answer, request

pytestmark = pytest.mark.asyncio(loop_scope="session")

ENVOYS = TokenIssuer("RS256", "envoys")
"""The issuer that Envoy knows, and the policy does not."""
POLICYS = TokenIssuer("RS256", "policys")
API = api(
    "orders",
    [
        applied(
            "jwt-validation",
            {
                "textKey": public_pem(POLICYS.key),
                "validateAudClaim": True,
                "supportedAudiences": "orders",
            },
        )
    ],
    [contract("c1")],
)


def claims(**changes: Any) -> dict[str, Any]:
    """Good claims."""
    good = {"iss": "issuer", "aud": "orders", "client_id": "c1", "exp": int(time.time()) + 600}
    return good | changes


def with_jwt_authn(bootstrap: str) -> str:
    """The bootstrap with an Envoy that verifies tokens itself, if there are any."""
    config = yaml.safe_load(bootstrap)
    manager, ext_authz = manager_and_filter(config)
    ext_authz["metadata_context_namespaces"] = [NAMESPACE]
    provider = {
        "local_jwks": {"inline_string": key_set(ENVOYS.jwk).decode()},
        "from_headers": [
            {"name": "authorization", "value_prefix": "Bearer "},
            {"name": "x-other-token"},
        ],
        "payload_in_metadata": "jwt",
        "forward": True,
    }
    allow = {
        "requires_any": {"requirements": [{"provider_name": "p"}, {"allow_missing_or_failed": {}}]}
    }
    jwt_authn = {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication",
        "providers": {"p": provider},
        "rules": [{"match": {"prefix": "/"}, "requires": allow}],
    }
    manager["http_filters"].insert(0, {"name": NAMESPACE, "typed_config": jwt_authn})
    written: str = yaml.safe_dump(config)
    return written


@dataclass(frozen=True, slots=True)
class Scene:
    """An Envoy, and whether its adapter trusts it."""

    envoy: Envoy
    trusts: bool

    async def ask(self, token: str, other: str = "") -> Answer:
        """The answer to a request with that token."""
        headers = [("authorization", f"Bearer {token}")]
        headers += [("x-other-token", other)] if other else []
        return await request(self.envoy.address, "api.test", "/", headers)


@pytest_asyncio.fixture(scope="module", loop_scope="session", params=[True, False])
async def scene(
    binary: Path,
    upstream: Upstream,
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Scene]:
    """With and without the setting."""
    trusts: bool = request.param
    async with AdapterInProcess([API], envoy_payload="jwt" if trusts else "") as adapter:
        config = envoy_config(
            apis=(ApiRoute("orders", upstream.http_address),),
            adapters=(adapter.address,),
            check_timeout_s=5,
            health_interval_s=0.2,
        )
        directory = tmp_path_factory.mktemp("jwt_authn")
        async with Envoy(binary, with_jwt_authn(render(config)), directory) as envoy:
            yield Scene(envoy, trusts)


async def test_what_envoy_verified_counts_if_the_operator_says_so(scene: Scene) -> None:
    """The client id comes from the claims, and needs a contract as always."""
    answer = await scene.ask(ENVOYS.token(claims()))
    assert answer.status == (200 if scene.trusts else 401)
    if scene.trusts:
        assert answer.upstream_saw("x-adapter-client-id") == ["c1"]


async def test_the_claims_are_checked_as_always(scene: Scene) -> None:
    """Envoy was not asked about them."""
    for change in ({"aud": "other"}, {"client_id": "unknown"}, {"client_id": None}):
        assert (await scene.ask(ENVOYS.token(claims(**change)))).status == 401


async def test_other_tokens_are_verified_here(scene: Scene) -> None:
    """A forged one is refused, and one of the policy's own issuer is good."""
    assert (await scene.ask(POLICYS.token(claims()))).status == 200
    forged = TokenIssuer("RS256", "envoys")
    assert (await scene.ask(forged.token(claims()))).status == 401


async def test_a_good_token_elsewhere_does_not_vouch_for_a_forged_one(scene: Scene) -> None:
    """Envoy verified the one in the other header; the policy reads the forged one."""
    forged = TokenIssuer("RS256", "envoys").token(claims(client_id="c1"))
    good = ENVOYS.token(claims(client_id="c2"))
    assert (await scene.ask(forged, good)).status == 401
