"""Who gets in, and how far."""

import json
import re
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from control_plane.accounts.access import Access
from control_plane.accounts.credentials import Credentials
from control_plane.accounts.renewal import reset
from control_plane.protocol.routes import openapi_document
from control_plane.store.tables import Base
from control_plane.version import program_version
from support.admin import AdminError
from tests.control_plane.conftest import Platform, gateway_token


def _client_credentials(credentials: Credentials) -> dict[str, str]:
    return {
        "grant_type": "client_credentials",
        "client_id": credentials.gateway_client_id,
        "client_secret": credentials.gateway_client_secret,
    }


@pytest.mark.parametrize("path", ["/accounts/oauth2/token", "/accounts/api/v2/oauth2/token"])
@pytest.mark.parametrize("encoding", ["json", "data"])
async def test_a_gateway_gets_a_token_on_both_paths_and_encodings(
    platform: Platform, path: str, encoding: str
) -> None:
    """Gateways send JSON, OAuth clients send forms, and both paths are documented."""
    body = _client_credentials(platform.credentials)
    response = await platform.anyone.request("POST", path, **{encoding: body})  # type: ignore[arg-type]
    assert response.status_code == 200
    assert response.json().keys() == {"access_token", "token_type", "expires_in"}
    assert response.json()["token_type"] == "bearer"


async def test_wrong_credentials_get_no_token_and_no_hint(platform: Platform) -> None:
    """A wrong secret and an unknown client answer the same."""
    good = _client_credentials(platform.credentials)
    wrong = await platform.anyone.post(
        "/accounts/oauth2/token", json=good | {"client_secret": "wrong"}
    )
    unknown = await platform.anyone.post(
        "/accounts/oauth2/token", json=good | {"client_id": "unknown"}
    )
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json() == unknown.json()
    assert wrong.json()["error"] == "invalid_client"


async def test_each_kind_of_login_has_its_own_door(platform: Platform) -> None:
    """The admin's password is no client secret, and the gateway's secret no password."""
    credentials = platform.credentials
    as_gateway = {
        "grant_type": "client_credentials",
        "client_id": credentials.admin_username,
        "client_secret": credentials.admin_password,
    }
    as_admin = {
        "username": credentials.gateway_client_id,
        "password": credentials.gateway_client_secret,
    }
    assert (
        await platform.anyone.post("/accounts/oauth2/token", json=as_gateway)
    ).status_code == 401
    assert (await platform.anyone.post("/accounts/login", json=as_admin)).status_code == 401


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b'{"grant_type": "refresh_token", "client_id": "a"}', "grant_type"),
        (b'{"grant_type": "password", "username": "a"}', "password"),
        (b'{"grant_type": "client_credentials", "client_id": "a"}', "client_secret"),
        (b"[]", "object"),
        (b"{", "JSON"),
        (b'{"grant_type": "client_credentials", "client_id": 5, "client_secret": {}}', "client_id"),
    ],
)
async def test_a_bad_token_request_is_told_what_is_wrong(
    platform: Platform, content: bytes, named: str
) -> None:
    """A token request that makes no sense is answered 400 and names the reason."""
    response = await platform.anyone.post(
        "/accounts/oauth2/token", content=content, headers={"Content-Type": "application/json"}
    )
    assert response.status_code == 400
    assert named in response.json()["message"]


@pytest.mark.parametrize("name", ["a\ud800b", "x" * 100_000, "a\x00b"])
async def test_odd_names_are_only_unknown(platform: Platform, name: str) -> None:
    """Whatever is sent as a name is refused, not an error of the server."""
    body = json.dumps({"username": name, "password": name})
    response = await platform.anyone.post(
        "/accounts/login", content=body, headers={"Content-Type": "application/json"}
    )
    assert response.status_code in (400, 401)


async def test_every_call_needs_a_token(platform: Platform) -> None:
    """Without a valid token there is health, login, and nothing else."""
    health = await platform.anyone.get("/healthz")
    assert (health.status_code, health.json()) == (
        200,
        {"status": "ok", "version": program_version()},
    )
    for token in (None, "Bearer wrong", "Bearer", "Basic YTpi", "Bearer \xff"):
        headers = {} if token is None else {"Authorization": token.encode("latin-1")}
        for path in (platform.apis, platform.feed(1), platform.applications, "/accounts/api/me"):
            response = await platform.anyone.get(path, headers=headers)  # type: ignore[arg-type]
            assert response.status_code == 401
            assert response.headers["WWW-Authenticate"] == "Bearer"
        sent = await platform.anyone.post("/v2/analytics/events", content=b"", headers=headers)  # type: ignore[arg-type]
        assert sent.status_code == 401


async def test_no_route_is_open_by_accident(platform: Platform) -> None:
    """A route added without a look at the caller would answer something other than 401."""
    open_paths = {
        "/healthz",
        "/openapi.json",
        "/accounts/login",
        "/accounts/api/login",
        "/accounts/oauth2/token",
        "/accounts/api/v2/oauth2/token",
        # The token is in the body, which a test of its own is about.
        "/graph/api/v1/graphql",
        "/graph/api/v2/graphql",
        "/policy-control-plane/v1/policy-definitions/{asset_id}",
    }
    for path, operations in openapi_document()["paths"].items():
        url = re.sub(r"{\w+_id}", "1", path)
        for method, operation in operations.items():
            assert ("security" in operation) is (path not in open_paths), path
            if path not in open_paths:
                response = await platform.anyone.request(method.upper(), url)
                assert response.status_code == 401, f"{method} {path}"


async def test_a_token_ends(platform: Platform) -> None:
    """A token works for its lifetime and not a moment longer."""
    platform.clock.move(seconds=platform.services.settings.token_lifetime_s - 1)
    assert (await platform.gateway.get(platform.apis)).status_code == 200
    platform.clock.move(seconds=1)
    assert (await platform.gateway.get(platform.apis)).status_code == 401


async def test_a_gateway_may_only_read_what_it_needs(platform: Platform) -> None:
    """A gateway's token that leaks can't change anything or list client applications."""
    api = await platform.admin.create_api("orders")
    own = f"{platform.apis}/{api['id']}"
    readable = (
        platform.apis,
        own,
        f"{own}/policies",
        f"{own}/tiers",
        f"{platform.organization}/automated-policies"
        f"?environmentId={platform.credentials.environment_id}",
    )
    for path in readable:
        assert (await platform.gateway.get(path)).status_code == 200, path
    for method, path in (
        ("POST", platform.apis),
        ("DELETE", own),
        ("POST", f"{own}/policies"),
        ("POST", f"{own}/tiers"),
        ("GET", f"{own}/contracts"),
        ("GET", platform.applications),
        ("POST", f"{platform.organization}/automated-policies"),
        ("GET", f"{platform.analytics}/summary?groupBy=api"),
    ):
        assert (await platform.gateway.request(method, path)).status_code == 403, path


async def test_foreign_organizations_and_environments_do_not_exist(platform: Platform) -> None:
    """A caller learns nothing about what is not its own."""
    own = platform.credentials
    for path in (
        platform.apis.replace(own.organization_id, "other"),
        platform.apis.replace(own.environment_id, "other"),
        f"{platform.organization}/automated-policies?environmentId=other",
    ):
        assert (await platform.gateway.get(path)).status_code == 404
        with pytest.raises(AdminError) as refused:
            await platform.admin.ask("GET", path)
        assert refused.value.status == 404


async def test_scripts_find_their_way_from_a_token_alone(platform: Platform) -> None:
    """The ids that paths need can be asked for."""
    me = await platform.admin.ask("GET", "/accounts/api/me")
    organization_id = me["user"]["organization"]["id"]
    assert organization_id == platform.credentials.organization_id
    path = f"/accounts/api/organizations/{organization_id}/environments"
    found = await platform.admin.ask("GET", path)
    assert [row["id"] for row in found["data"]] == [platform.credentials.environment_id]


async def test_reset_ends_the_old_credentials_and_tokens(platform: Platform) -> None:
    """After a reset nothing of the old works, and the new ones do."""
    shown: list[Credentials] = []
    reset(platform.services.database, platform.services.hasher, shown.append, platform.clock.now())
    assert (await platform.gateway.get(platform.apis)).status_code == 401
    old = _client_credentials(platform.credentials)
    assert (await platform.anyone.post("/accounts/oauth2/token", json=old)).status_code == 401
    assert await gateway_token(platform.anyone, shown[0])


def _contents(directory: Path) -> list[bytes]:
    return [path.read_bytes() for path in directory.iterdir()]


async def test_no_secret_is_on_disk_or_in_a_repr(platform: Platform, tmp_path: Path) -> None:
    """The database contains no readable password, client secret or token."""
    application = await platform.admin.create_application("phone")
    secrets = [
        application["clientSecret"],
        platform.credentials.admin_password,
        platform.credentials.gateway_client_secret,
        platform.gateway.headers["Authorization"].removeprefix("Bearer "),
    ]
    with platform.services.database.connection() as connection:
        rows = [
            repr(connection.execute(select(table)).all()) for table in Base.metadata.tables.values()
        ]
    stored = [*_contents(tmp_path), *(row.encode() for row in rows)]
    assert any(application["clientId"].encode() in content for content in stored)
    for secret in secrets:
        assert not any(secret.encode() in content for content in stored)
        assert secret not in repr(platform.credentials)


async def test_a_statement_that_fails_does_not_show_its_values(platform: Platform) -> None:
    """The error is logged, and the values may be secrets of policies."""
    with (
        pytest.raises(DBAPIError) as failure,
        platform.services.database.connection() as connection,
    ):
        connection.execute(text("SELECT 1 FROM missing WHERE a = :a"), {"a": "planted-value"})
    assert "missing" in str(failure.value)
    assert "planted-value" not in str(failure.value)


async def test_tokens_of_one_login_are_bounded(
    platform: Platform,
) -> None:
    """A client that asks for a token before each call pushes out its own oldest."""
    services, credentials = platform.services, platform.credentials
    access = Access(
        *(services.database, services.writes, services.hasher, platform.clock),
        max_tokens_per_login=3,
    )
    tokens = []
    for _ in range(4):
        platform.clock.move(seconds=1)
        issued = await access.clients.log_in(
            credentials.gateway_client_id, credentials.gateway_client_secret
        )
        tokens.append(issued.token)
    statuses = [
        (
            await platform.anyone.get(platform.apis, headers={"Authorization": f"Bearer {token}"})
        ).status_code
        for token in tokens
    ]
    assert statuses == [401, 200, 200, 200]


async def test_bodies_are_bounded(platform: Platform) -> None:
    """A body over the limit is refused, declared or not, before it is kept."""

    async def endless() -> object:
        while True:
            yield b"x" * 65_536

    headers = {"Content-Type": "application/json"}
    for path in ("/accounts/login", "/accounts/oauth2/token"):
        declared = await platform.anyone.post(path, content=b" " * (1 << 21), headers=headers)
        undeclared = await platform.anyone.post(path, content=endless(), headers=headers)  # type: ignore[arg-type]
        assert declared.status_code == undeclared.status_code == 413
        assert declared.json().keys() == undeclared.json().keys() == {"error", "message"}


async def test_unknown_paths_answer_like_the_rest(platform: Platform) -> None:
    """Errors of routing have the same body as all others."""
    response: httpx.Response = await platform.anyone.get("/nothing/here")
    assert response.status_code == 404
    assert response.json().keys() == {"error", "message"}
