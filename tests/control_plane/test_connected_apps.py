"""Connected apps: what their tokens may do, and how their credentials end."""

from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import select

from control_plane.accounts.login_limits import PER_USER
from control_plane.accounts.roles import Role
from control_plane.errors import Conflict, Invalid, NotFound
from control_plane.management import connected_apps
from control_plane.management.connected_apps import MAX_APPS
from control_plane.store.tables import AuditEntry, ConnectedApp
from tests.control_plane.clients import add_app, ask_token, headers_of, revoke_app, transaction_in
from tests.control_plane.conftest import ON_SQLITE, Platform

API = {"spec": {"groupId": "g", "assetId": "a", "version": "1"}}


async def test_a_connected_app_has_its_roles_and_is_named_in_the_audit_log(
    platform: Platform,
) -> None:
    """It changes APIs where it is an admin, and other environments do not exist for it."""
    made = await platform.admin.ask("POST", platform.environments, {"name": "Sandbox"})
    sandbox = platform.apis.replace(platform.credentials.environment_id, made["id"])
    app = add_app(platform, "terraform", Role.API_ADMIN, made["id"])
    headers = await headers_of(platform, app)
    for path, status in ((sandbox, 201), (platform.apis, 404)):
        response = await platform.anyone.post(path, json=API, headers=headers)
        assert response.status_code == status, response.text
    with platform.services.database.read() as session:
        transaction = transaction_in(platform, session)
        found = connected_apps.find(session, transaction.organization_id, app.client_id)
        assert found.used_at == platform.clock.now()
        last = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
        assert last is not None
        assert (last.actor, last.role, last.kind) == ("connected app terraform", "api-admin", "api")


async def test_a_token_ends_with_the_connected_app(platform: Platform) -> None:
    """Revoking ends tokens at once; the credentials get no new one."""
    app = add_app(platform, "ci")
    headers = await headers_of(platform, app)
    assert (await platform.anyone.get(platform.apis, headers=headers)).status_code == 200
    revoke_app(platform, "ci")
    assert (await platform.anyone.get(platform.apis, headers=headers)).status_code == 401
    refused = await ask_token(platform, app)
    assert refused.status_code == 401
    assert refused.json() == {
        "error": "invalid_client",
        "message": "unknown client_id or wrong client_secret",
    }


@ON_SQLITE
async def test_a_secret_ends_with_its_lifetime_and_so_do_its_tokens(platform: Platform) -> None:
    """The last token says that it is short; after the end, the 401 says what happened."""
    app = add_app(platform, "ci", lifetime=timedelta(days=1))
    platform.clock.move(hours=23, minutes=50)
    response = await ask_token(platform, app)
    assert response.json()["expires_in"] == 600
    headers = {"Authorization": f"Bearer {response.json()['access_token']}"}
    platform.clock.move(minutes=10)
    assert (await platform.anyone.get(platform.apis, headers=headers)).status_code == 401
    refused = await ask_token(platform, app)
    assert refused.status_code == 401
    assert "this client_secret ended at 20" in refused.json()["message"]
    wrong = await ask_token(platform, app, client_secret="wrong")
    assert wrong.json()["message"] == "unknown client_id or wrong client_secret"


@ON_SQLITE
async def test_wrong_secrets_have_to_wait_and_gateways_do_not(platform: Platform) -> None:
    """Guesses stop after some; another app goes on, and so does a gateway at the same address."""
    app, other = add_app(platform, "ci"), add_app(platform, "other")
    wrong = partial(ask_token, platform, app, client_secret="wrong")
    assert [(await wrong()).status_code for _ in range(PER_USER)] == [401] * PER_USER
    refused = await ask_token(platform, app)
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 60
    assert (await ask_token(platform, other)).status_code == 200
    own = platform.credentials
    gateway = {
        "client_id": own.gateway_client_id,
        "client_secret": own.gateway_client_secret,
    }
    for _ in range(PER_USER + 1):
        bad = await ask_token(platform, app, **(gateway | {"client_secret": "wrong"}))
        assert bad.status_code == 401
    assert (await ask_token(platform, app, **gateway)).status_code == 200


@ON_SQLITE
async def test_a_client_that_is_revoked_while_it_logs_in_gets_no_token(platform: Platform) -> None:
    """Its secret was right, but the row is gone before the token is written."""
    app = add_app(platform, "ci")
    clients = platform.services.access.clients
    client = await clients.require(app.client_id, app.client_secret)
    revoke_app(platform, "ci")
    with pytest.raises(Exception, match="revoked just now"):
        clients._issue(client)


@ON_SQLITE
async def test_names_of_connected_apps_are_checked(platform: Platform) -> None:
    """Each tells one app apart in the audit log."""
    add_app(platform, "Terraform")
    for name, kind, words in (
        ("terraform", Conflict, "there is a connected app terraform already"),
        ("a\nb", Invalid, "name: remove the line ends"),
        ("x" * 101, Invalid, "name: use at most 100 characters"),
    ):
        with pytest.raises(kind, match=words):
            add_app(platform, name)
    with pytest.raises(NotFound, match="connected app 'nobody' not found"):
        revoke_app(platform, "nobody")


@ON_SQLITE
async def test_the_number_of_connected_apps_is_bounded(platform: Platform) -> None:
    """A script in a loop does not fill the database."""
    with platform.services.database.write() as session:
        own, now = platform.credentials.organization_id, platform.clock.now()
        session.add_all(
            ConnectedApp(
                organization_id=own, name=f"{n}", client_id=f"{n}", secret_hash="", created_at=now
            )
            for n in range(MAX_APPS)
        )
    with pytest.raises(Conflict, match=f"there are {MAX_APPS} connected apps already; revoke one"):
        add_app(platform, "one more")


async def test_an_environment_takes_the_roles_in_it_along(platform: Platform) -> None:
    """An app with a role in a deleted environment only may do nothing."""
    made = await platform.admin.ask("POST", platform.environments, {"name": "Sandbox"})
    app = add_app(platform, "ci", Role.OWNER, made["id"])
    headers = await headers_of(platform, app)
    await platform.admin.ask("DELETE", f"{platform.environments}/{made['id']}")
    listed = await platform.anyone.get(platform.environments, headers=headers)
    assert listed.json() == {"data": [], "total": 0}
