"""The audit log: every change by anybody, once, and without secrets."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from control_plane.management import audit_log
from control_plane.management.audit_log import MAX_VALUE, AuditFilter, entries
from control_plane.protocol.routes import openapi_document
from control_plane.store.tables import Alert, AuditEntry, Upstream
from tests.control_plane.conftest import Platform
from tests.control_plane.official_bodies import ALERT_EXAMPLE

LIMITS = [{"maximumRequests": 1, "timePeriodInMilliseconds": 1}]
POLICY = {"assetId": "cors", "assetVersion": "1.0.0", "configurationData": {}}


def log(platform: Platform, wanted: AuditFilter | None = None, **page: int) -> Sequence[AuditEntry]:
    """The entries of the organization, newest first."""
    with platform.services.database.read() as session:
        organization_id = platform.credentials.organization_id
        return entries(session, organization_id, wanted or AuditFilter(), **page)


@dataclass(frozen=True)
class Write:
    """A request that changes something, and the entry that it leaves."""

    method: str
    path: str
    body: Any
    kind: str
    action: str
    object_id: int = 1
    number: int = 1
    """What stands for the ids in the path."""

    def url(self, platform: Platform) -> str:
        """The path with the ids of this platform, and the number for all others."""
        known = platform.credentials
        names = ("api_id", "policy_id", "tier_id", "contract_id", "application_id")
        return self.path.format(
            organization_id=known.organization_id,
            environment_id=known.environment_id,
            uid=_uid(platform, Alert),
            tag="new",
            action="enable",
            upstream_id=_uid(platform, Upstream),
            decision="revoke",
            **dict.fromkeys(names, self.number),
        )


def _uid(platform: Platform, table: type[Alert | Upstream]) -> str:
    """The id of the only row, which is no number; empty if there is none."""
    with platform.services.database.read() as session:
        return session.scalar(select(table.uid)) or ""


MANAGER = "/apimanager/api/v1/organizations/{organization_id}"
APIS = f"{MANAGER}/environments/{{environment_id}}/apis"
XAPIS = APIS.replace("/api/", "/xapi/")
APPLICATIONS = "/exchange/api/v2/organizations/{organization_id}/applications"
REPOSITORY = "/apiplatform/repository/v2/organizations/{organization_id}/applications"
AUTOMATED = f"{MANAGER}/automated-policies"

OTHER_NAMES = ("/exchange/api/v1", f"{XAPIS}/{{api_id}}/contracts")
"""Paths whose endpoints have another path as well."""


def writes(platform: Platform) -> Iterator[Write]:
    """One of each request that writes, in an order in which all of them succeed."""
    api, application = f"{APIS}/{{api_id}}", f"{APPLICATIONS}/{{application_id}}"
    policy, tier = f"{api}/policies/{{policy_id}}", f"{api}/tiers/{{tier_id}}"
    contract = f"{api}/contracts/{{contract_id}}"
    rule = {"ruleOfApplication": {"environmentId": platform.credentials.environment_id}}
    spec = {"groupId": "g", "assetId": "a", "version": "1"}
    client = {"clientId": "c", "providerId": "2e71d283-6248-4c81-98eb-e254a89b7e0a"}
    new_tier = {"name": "gold", "status": "ACTIVE", "limits": LIMITS}
    yield Write("POST", APIS, {"spec": spec}, "api", "create")
    yield Write("PATCH", api, {"description": "d"}, "api", "change")
    yield Write("POST", XAPIS, {"spec": spec}, "api", "create", 2)
    yield Write("PATCH", f"{XAPIS}/{{api_id}}", {"tags": ["t"]}, "api", "change")
    yield Write("PUT", api, {"description": "e"}, "api", "change")
    yield Write("PUT", f"{api}/tags/{{tag}}", None, "api", "change")
    yield Write("DELETE", f"{api}/tags/{{tag}}", None, "api", "change")
    yield Write("POST", f"{api}/upstreams", {"uri": "http://a.test"}, "upstream", "create")
    yield Write("PATCH", f"{api}/upstreams/{{upstream_id}}", {"label": "a"}, "upstream", "change")
    yield Write("DELETE", f"{api}/upstreams/{{upstream_id}}", None, "upstream", "delete")
    yield Write("POST", f"{api}/policies", POLICY, "policy", "create")
    yield Write("PATCH", f"{api}/policies", [{"id": 1, "order": 5}], "api", "reorder_policies")
    yield Write("PATCH", policy, {"disabled": True}, "policy", "change")
    xpolicies = f"{XAPIS}/{{api_id}}/policies"
    yield Write("POST", f"{xpolicies}/{{policy_id}}/{{action}}", None, "policy", "change")
    outbound = {"assetId": "access-block", "upstreamIds": []}
    url = f"{xpolicies}/outbound-policies"
    yield Write("POST", url, POLICY | outbound, "policy", "create", 2)
    yield Write("POST", AUTOMATED, POLICY | rule, "automated_policy", "create")
    one = f"{AUTOMATED}/{{policy_id}}"
    yield Write("PATCH", one, {"disabled": True}, "automated_policy", "change")
    yield Write("POST", f"{api}/tiers", new_tier, "tier", "create")
    yield Write("PUT", tier, {"limits": LIMITS}, "tier", "change")
    yield Write("POST", APPLICATIONS, {"name": "phone"}, "application", "create")
    yield Write("POST", f"{MANAGER}/applications", client, "application", "import", 2)
    yield Write("PATCH", application, {"name": "tablet"}, "application", "change")
    yield Write("POST", f"{application}/secret/reset", None, "application", "reset_secret")
    asked = {"applicationId": 1, "requestedTierId": 1}
    yield Write("POST", f"{api}/contracts", asked, "contract", "request")
    yield Write("PATCH", contract, {"status": "APPROVED"}, "contract", "approve")
    yield Write("POST", f"{api}/alerts", ALERT_EXAMPLE, "alert", "create")
    yield Write("PATCH", f"{api}/alerts/{{uid}}", {"name": "less"}, "alert", "change")
    yield Write("DELETE", f"{api}/alerts/{{uid}}", None, "alert", "delete")
    yield Write("POST", f"{contract}/{{decision}}", None, "contract", "revoke")
    yield Write("DELETE", contract, None, "contract", "delete")
    of_api = {"apiId": "1", "environmentId": platform.credentials.environment_id}
    path = f"{application}/contracts"
    yield Write("POST", path, of_api, "contract", "request", object_id=2, number=2)
    yield Write("POST", REPOSITORY, {"name": "watch"}, "application", "create", 3)
    one_more = f"{REPOSITORY}/{{application_id}}"
    yield Write("PUT", one_more, {"name": "clock"}, "application", "change", 3, number=3)
    yield Write("DELETE", one_more, None, "application", "delete", 3, number=3)
    yield Write("DELETE", application, None, "application", "delete")
    yield Write("DELETE", tier, None, "tier", "delete")
    yield Write("DELETE", policy, None, "policy", "delete")
    yield Write("DELETE", one, None, "automated_policy", "delete")
    yield Write("DELETE", api, None, "api", "delete")


def _writing_routes() -> set[tuple[str, str]]:
    return {
        (method.upper(), path)
        for path, operations in openapi_document()["paths"].items()
        for method in operations.keys() - {"get"}
        # Logins, events and reports change nothing that an admin manages.
        if not path.startswith(("/graph", "/accounts", "/v2/analytics", "/policy-control-plane"))
        and not path.startswith(OTHER_NAMES)
    }


async def test_every_write_leaves_one_entry(platform: Platform) -> None:
    """It names the login, its role and address, the time, the thing and what was done."""
    done = list(writes(platform))
    assert {(write.method, write.path) for write in done} == _writing_routes()
    for count, write in enumerate(done):
        platform.clock.move(seconds=1)
        await platform.admin.ask(write.method, write.url(platform), write.body)
        found = log(platform)
        assert len(found) == count + 1, write
        entry = found[0]
        found_thing = (entry.kind, entry.action, entry.object_id)
        assert found_thing == (write.kind, write.action, write.object_id)
        assert (entry.actor, entry.role) == ("admin", "owner")
        assert entry.at == platform.clock.now()
        assert entry.address == "127.0.0.1"
        of_api = "{api_id}" in write.path or write.kind in ("api", "contract")
        assert entry.api_id == (None if not of_api else 2 if write.path == XAPIS else 1)


REFUSED = [
    ("POST", APIS, {}),
    ("PATCH", f"{APIS}/9", {"description": "d"}),
    ("PATCH", f"{APIS}/1/policies", [{"id": 1, "order": 5}, {"id": 9, "order": 6}]),
    ("PATCH", f"{APIS}/1/policies/1", {"configurationData": {"a": float("nan")}}),
    ("POST", f"{APIS}/1/tiers", {"name": "gold", "status": "ACTIVE", "limits": LIMITS}),
    ("DELETE", f"{APIS}/1/tiers/1", None),
    ("POST", f"{APIS}/1/contracts", {"applicationId": 1}),
    ("PATCH", f"{APIS}/1/contracts/1", {"status": "REJECTED"}),
    ("PATCH", f"{APIS}/1/contracts/1", {"status": "REVOKED", "tierId": 9}),
    ("DELETE", f"{APPLICATIONS}/9", None),
]


@pytest.mark.parametrize(("method", "path", "body"), REFUSED)
async def test_a_refused_write_leaves_no_entry(
    platform: Platform, method: str, path: str, body: Any
) -> None:
    """Also if it was refused after a part of it was done."""
    admin = platform.admin
    api_id = (await admin.create_api("orders"))["id"]
    await admin.apply_policy(api_id, "cors", {})
    tier = await admin.create_tier(api_id, "gold", [(5, 1000)])
    phone = await admin.create_application("phone")
    await admin.request_contract(api_id, phone["id"], tier["id"])
    before = [entry.id for entry in log(platform)]
    write = Write(method, path, body, "", "")
    content = json.dumps(body).encode() if body is not None else None
    headers = admin.authorization | {"Content-Type": "application/json"}
    response = await platform.anyone.request(
        method, write.url(platform), content=content, headers=headers
    )
    assert 400 <= response.status_code < 500, response.text
    gateway = await platform.gateway.request(method, write.url(platform), json={})
    assert gateway.status_code in (400, 403)
    assert [entry.id for entry in log(platform)] == before


async def test_only_what_differs_is_kept_of_a_change(platform: Platform) -> None:
    """A new thing has no values before, a deleted one none after."""
    api = await platform.admin.create_api("orders", instanceLabel="blue")
    path = f"{platform.apis}/{api['id']}"
    await platform.admin.ask("PATCH", path, {"instanceLabel": "green"})
    await platform.admin.delete_api(api["id"])
    deleted, changed, created = log(platform)
    assert created.before is None
    assert created.after is not None
    assert (created.after["instance_label"], created.after["asset_id"]) == ("blue", "orders")
    now = "2026-11-23T12:00:00.000Z"
    assert changed.before == {"instance_label": "blue", "updated_at": None}
    assert changed.after == {"instance_label": "green", "updated_at": now}
    assert deleted.before is not None
    assert deleted.before["instance_label"] == "green"
    assert deleted.after is None


async def test_each_contract_that_changes_with_another_thing_has_an_entry(
    platform: Platform,
) -> None:
    """Who asks what became of a contract finds its tier's approval and its application's end."""
    admin = platform.admin
    api_id = (await admin.create_api("orders"))["id"]
    tier = await admin.create_tier(api_id, "gold", [(5, 1000)], auto_approve=False)
    phone = await admin.create_application("phone")
    contract = await admin.request_contract(api_id, phone["id"], tier["id"])
    await admin.ask("PUT", f"{platform.apis}/{api_id}/tiers/{tier['id']}", {"autoApprove": True})
    await admin.revoke(api_id, contract["id"])
    await admin.restore(api_id, contract["id"])
    await admin.delete_application(phone["id"])
    found = log(platform, AuditFilter(kind="contract", object_id=contract["id"]))
    assert [entry.action for entry in found] == [
        *("delete", "restore", "revoke", "approve", "request"),
    ]
    assert found[3].before is not None
    assert found[3].before["status"] == "PENDING"


async def test_long_values_are_left_out(platform: Platform) -> None:
    """An entry is bounded, however long a configuration is."""
    api = await platform.admin.create_api("orders")
    ips = {"ips": ["192.0.2.1"] * 1_000}
    await platform.admin.apply_policy(api["id"], "ip-blocklist", ips)
    after = log(platform)[0].after
    assert after is not None
    assert after["asset_id"] == "ip-blocklist"
    assert "left out" in after["configuration"]
    assert all(len(json.dumps(value)) <= MAX_VALUE for value in after.values())


async def test_the_oldest_entries_make_room(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log is bounded."""
    monkeypatch.setattr(audit_log, "MAX_ENTRIES", 2)
    for name in ("first", "second", "third"):
        await platform.admin.create_application(name)
    names = [entry.after and entry.after["name"] for entry in log(platform)]
    assert names == ["third", "second"]


async def test_entries_are_found_by_thing_api_and_time_page_by_page(platform: Platform) -> None:
    """The newest come first, and the last id of a page leads to the next one."""
    admin = platform.admin
    start = platform.clock.now()
    for name in ("orders", "invoices"):
        platform.clock.move(minutes=10)
        api_id = (await admin.create_api(name))["id"]
        await admin.apply_policy(api_id, "cors", {})
    step = timedelta(minutes=10)
    assert [entry.kind for entry in log(platform, AuditFilter(api_id=2))] == ["policy", "api"]
    assert [entry.api_id for entry in log(platform, AuditFilter(kind="policy"))] == [2, 1]
    assert {e.api_id for e in log(platform, AuditFilter(until=start + 2 * step))} == {1}
    assert {e.api_id for e in log(platform, AuditFilter(since=start + 2 * step))} == {2}
    first = log(platform, limit=3)
    rest = log(platform, limit=3, before_id=first[-1].id)
    assert [entry.id for entry in (*first, *rest)] == [4, 3, 2, 1]
    with platform.services.database.read() as session:
        assert not entries(session, "another organization", AuditFilter())
