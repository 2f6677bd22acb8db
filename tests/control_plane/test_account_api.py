"""Who the caller is, the organization, and environments over JSON: what tools ask first."""

from typing import Any

import pytest

from control_plane.accounts.roles import Role
from control_plane.management.gateway_logins import create
from control_plane.store.tables import AuditEntry, Environment
from tests.control_plane.clients import add_app, headers_of, transaction_in
from tests.control_plane.conftest import ON_SQLITE, Platform
from tests.control_plane.fleet.reports import accepted, report


@ON_SQLITE
async def test_tools_find_the_organization_in_who_they_are(platform: Platform) -> None:
    """Each of the vendor's clients reads the id from another place."""
    own = platform.credentials.organization_id
    app = add_app(platform, "ci", Role.API_ADMIN)
    headers = await headers_of(platform, app)
    me = (await platform.anyone.get("/accounts/api/me", headers=headers)).json()
    assert me["client"]["org_id"] == own
    assert me["client"]["client_id"] == me["user"]["id"] == app.client_id
    assert me["user"]["organization"]["id"] == own
    assert [each["id"] for each in me["user"]["memberOfOrganizations"]] == [own]
    for path in ("/accounts/api/users/me", "/accounts/api/profile"):
        account = (await platform.anyone.get(path, headers=headers)).json()
        assert account == me["user"]
    [root] = [each for each in account["memberOfOrganizations"] if each["isRoot"]]
    assert (root["id"], account["organizationPreferences"]) == (own, {})
    assert account["createdAt"]


@ON_SQLITE
async def test_a_user_and_a_gateway_are_told_who_they_are(platform: Platform) -> None:
    """A user is no client, and has an id that is a text."""
    me = await platform.admin.ask("GET", "/accounts/api/me")
    assert "client" not in me
    assert (me["user"]["id"], me["user"]["username"]) == ("1", "admin")
    of_gateway = (await platform.gateway.get("/accounts/api/me")).json()
    assert of_gateway["client"]["client_id"] == platform.credentials.gateway_client_id
    assert of_gateway["user"]["role"] == "gateway"


async def test_an_environment_is_made_changed_and_deleted(platform: Platform) -> None:
    """Each step has its entry in the audit log."""
    admin, all_of_them = platform.admin, platform.environments
    made = await admin.ask("POST", all_of_them, {"name": "Test", "organizationId": "sent back"})
    one = f"{all_of_them}/{made['id']}"
    assert made == {
        "id": made["id"],
        "name": "Test",
        "organizationId": platform.credentials.organization_id,
        "isProduction": False,
        "type": "sandbox",
        "clientId": None,
    }
    assert await admin.ask("GET", one) == made
    changed = await admin.ask("PUT", one, made | {"name": "Live", "type": "production"})
    assert changed == made | {"name": "Live", "type": "production", "isProduction": True}
    listed = await admin.ask("GET", all_of_them)
    assert [row["name"] for row in listed["data"]] == ["Live", "Production"]
    organization = await admin.ask("GET", all_of_them.removesuffix("/environments"))
    assert organization["environments"] == listed["data"]
    assert await admin.ask("DELETE", one) is None
    assert (await platform.refusal("GET", one)).status == 404
    with platform.services.database.read() as session:
        entries = session.query(AuditEntry).filter(AuditEntry.kind == "environment").all()
    assert [entry.action for entry in entries] == ["create", "change", "delete"]
    assert entries[1].after == {"name": "Live", "type": "production"}


@ON_SQLITE
async def test_the_type_decides_and_is_production_counts_without_it(platform: Platform) -> None:
    """As on the live platform."""
    first: tuple[tuple[dict[str, Any], str], ...] = (
        ({}, "sandbox"),
        ({"isProduction": True}, "production"),
        ({"isProduction": False}, "sandbox"),
        ({"type": "design", "isProduction": True}, "design"),
    )
    for number, (sent, expected) in enumerate(first):
        body: dict[str, Any] = {"name": f"e{number}", **sent}
        made = await platform.admin.ask("POST", platform.environments, body)
        assert made["type"] == expected, sent
    one = f"{platform.environments}/{made['id']}"
    later: tuple[tuple[dict[str, Any], str], ...] = (
        ({"isProduction": False}, "design"),
        ({"isProduction": True}, "production"),
        ({"name": "other"}, "production"),
        ({"isProduction": False}, "sandbox"),
    )
    for sent, expected in later:
        assert (await platform.admin.ask("PUT", one, sent))["type"] == expected, sent


@ON_SQLITE
@pytest.mark.parametrize(
    ("body", "status", "named"),
    [
        ({}, 400, "name: is required"),
        ({"name": "a\nb"}, 400, "name: remove the line ends"),
        ({"name": "x", "type": "Production"}, 400, "type: must be 'production', 'sandbox' or"),
        ({"name": "x", "kind": "sandbox"}, 400, "kind: unknown field"),
        ({"name": "PRODUCTION"}, 409, "there is an environment PRODUCTION already"),
    ],
)
async def test_a_bad_environment_is_told_what_is_wrong(
    platform: Platform, body: dict[str, Any], status: int, named: str
) -> None:
    """Every mistake by the name of its member."""
    refused = await platform.refusal("POST", platform.environments, body)
    assert refused.status == status
    assert named in str(refused)


@ON_SQLITE
async def test_the_rules_of_deleting_are_those_of_the_console(platform: Platform) -> None:
    """Neither the last environment nor one with adapters that report."""
    own = platform.credentials.environment_id
    last = await platform.refusal("DELETE", f"{platform.environments}/{own}")
    assert (last.status, "this is the last environment" in str(last)) == (409, True)
    await platform.admin.ask("POST", platform.environments, {"name": "Sandbox"})
    await accepted(platform, report())
    busy = await platform.refusal("DELETE", f"{platform.environments}/{own}")
    assert busy.status == 409


@ON_SQLITE
async def test_environments_of_other_organizations_do_not_exist(platform: Platform) -> None:
    """A caller learns nothing of them, and a gateway changes none."""
    foreign = platform.environments.replace(platform.credentials.organization_id, "other")
    own = platform.credentials.environment_id
    for method, path in (
        ("GET", foreign.removesuffix("/environments")),
        ("GET", foreign),
        ("GET", f"{foreign}/{own}"),
        ("PUT", f"{foreign}/{own}"),
        ("DELETE", f"{foreign}/{own}"),
        ("PUT", f"{platform.environments}/other"),
        ("DELETE", f"{platform.environments}/other"),
    ):
        body: dict[str, Any] | None = {} if method == "PUT" else None
        assert (await platform.refusal(method, path, body)).status == 404, (method, path)
    answer = await platform.gateway.delete(f"{platform.environments}/{own}")
    assert answer.status_code == 403


@ON_SQLITE
async def test_the_client_id_is_that_of_the_oldest_gateway_credentials(platform: Platform) -> None:
    """The list can be read in parts, on the path of an older client too."""
    own, services = platform.credentials, platform.services
    platform.clock.move(seconds=1)
    with services.database.write() as session:
        place = session.get_one(Environment, own.environment_id)
        create(transaction_in(platform, session), place, services.hasher)
    path = platform.environments.replace("/api/", "/api/cs/")
    listed = await platform.admin.ask("GET", f"{path}?limit=1&offset=0")
    assert [row["clientId"] for row in listed["data"]] == [own.gateway_client_id]
    assert await platform.admin.ask("GET", f"{path}?offset=1") == {"data": [], "total": 1}
