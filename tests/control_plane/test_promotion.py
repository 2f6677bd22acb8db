"""Promotion: a copy of an API instance of another environment, by `POST …/apis`."""

from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import update

from control_plane.accounts.roles import Role
from control_plane.management import users
from control_plane.management.audit_log import AuditFilter, entries
from control_plane.management.transaction import Actor, Transaction
from control_plane.store.tables import Policy
from tests.control_plane.conftest import ON_BOTH_DATABASES, ON_SQLITE, Platform
from tests.control_plane.official_bodies import ALERT_EXAMPLE
from tests.control_plane.pages.visitor import PASSWORD
from tests.control_plane.test_roles import client_of

EVERYTHING = {name: {"allEntities": True} for name in ("policies", "tiers", "alerts")}
BASIC = {"username": "ann", "password": "hunter2hunter2"}
SHARES = [{"uri": "http://a.test", "weight": 40}, {"uri": "http://b.test", "weight": 60}]


@dataclass
class Origin:
    """An API instance with something of all, and a second environment to promote it to."""

    platform: Platform
    api: dict[str, Any]
    target_id: str

    @property
    def source_id(self) -> str:
        """The environment of the API instance."""
        return self.platform.credentials.environment_id

    @property
    def target(self) -> str:
        """The path of the API instances of the other environment."""
        return self.platform.apis.replace(self.source_id, self.target_id)

    def body(self, **fields: Any) -> dict[str, Any]:
        """What `api:promote` of the vendor's command line sends, with other fields."""
        return {"promote": EVERYTHING | {"originApiId": self.api["id"]}} | fields

    def add_user(self, **roles: Role) -> None:
        """A user `pat` with these roles in the environments `source` and `target`."""
        services = self.platform.services
        ids = {"source": self.source_id, "target": self.target_id}
        profile = users.Profile(
            None, enabled=True, roles={ids[name]: role for name, role in roles.items()}
        )
        with services.database.write() as session:
            transaction = Transaction(
                session,
                Actor("test", Role.OWNER),
                self.platform.credentials.organization_id,
                self.platform.clock.now(),
                services.epochs,
            )
            users.create(transaction, "pat", services.hasher.hash(PASSWORD), profile)


@pytest.fixture
async def origin(platform: Platform) -> Origin:
    """See `Origin`."""
    admin = platform.admin
    api = await admin.create_api(
        "orders",
        "1.2.0",
        instanceLabel="blue",
        tags=["x"],
        endpoint={"uri": "http://u:p@orders.test", "proxyUri": None},
        endpointUri="https://test.example/orders",
        deployment={"targetId": "t"},
        routing=[{"label": "main", "upstreams": SHARES}],
    )
    first = api["routing"][0]["upstreams"][0]["id"]
    await admin.create_tier(api["id"], "gold", [(5, 1000)], auto_approve=False)
    await admin.apply_policy(api["id"], "http-basic-authentication", BASIC, upstreamIds=[first])
    await admin.apply_policy(api["id"], "cors", {}, disabled=True, label="browsers")
    await admin.create_alert(api["id"], ALERT_EXAMPLE)
    path = f"/accounts/api/organizations/{platform.credentials.organization_id}/environments"
    target = await admin.ask("POST", path, {"name": "Live", "type": "production"})
    return Origin(platform, api, target["id"])


@ON_BOTH_DATABASES
async def test_the_copy_has_all_that_was_asked_for(origin: Origin) -> None:
    """With the secrets in its policies, and with upstreams of its own."""
    admin = origin.platform.admin
    made = await admin.ask("POST", origin.target, origin.body())
    same = ("assetId", "groupId", "assetVersion", "instanceLabel", "tags", "endpoint", "technology")
    assert {name: made[name] for name in same} == {name: origin.api[name] for name in same}
    assert made["environmentId"] == origin.target_id
    assert (made["endpointUri"], made["deployment"]) == (None, None)
    [route] = made["routing"]
    assert [(one["uri"], one["weight"]) for one in route["upstreams"]] == [
        *(("http://a.test", 40), ("http://b.test", 60)),
    ]
    own = f"{origin.target}/{made['id']}"
    found = await admin.ask("GET", f"{own}/policies", fullInfo="false")
    assert [(policy["assetId"], policy["disabled"], policy["label"]) for policy in found] == [
        *(("http-basic-authentication", False, None), ("cors", True, "browsers")),
    ]
    assert found[0]["configurationData"] == BASIC
    assert found[0]["upstreamIds"] == [route["upstreams"][0]["id"]]
    [tier] = (await admin.ask("GET", f"{own}/tiers"))["tiers"]
    assert (tier["name"], tier["autoApprove"]) == ("gold", False)
    [alert] = await admin.ask("GET", f"{own}/alerts")
    assert (alert["name"], alert["api"]["id"]) == (ALERT_EXAMPLE["name"], made["id"])
    assert await admin.ask("GET", f"{origin.platform.apis}/{origin.api['id']}") == origin.api
    # The gateway of the origin's environment sees nothing of the copy.
    listed = await origin.platform.gateway.get(origin.platform.apis)
    assert listed.json()["total"] == 1


@ON_SQLITE
async def test_only_what_is_asked_for_is_copied(origin: Origin) -> None:
    """And what the body says replaces what the origin has."""
    admin = origin.platform.admin
    body: dict[str, Any] = {
        "promote": {"originApiId": origin.api["id"], "tiers": {"allEntities": False}}
    }
    body |= {"instanceLabel": "blue (Promoted)", "endpoint": {"uri": "http://live.test"}}
    body |= {"routing": [{"upstreams": [{"uri": "http://c.test"}]}], "providerId": "p"}
    made = await admin.ask("POST", origin.target, body)
    assert (made["instanceLabel"], made["providerId"]) == ("blue (Promoted)", "p")
    assert made["endpoint"] == origin.api["endpoint"] | {"uri": "http://live.test"}
    assert [one["uri"] for one in made["routing"][0]["upstreams"]] == ["http://c.test"]
    own = f"{origin.target}/{made['id']}"
    assert await admin.ask("GET", f"{own}/policies", fullInfo="false") == []
    assert (await admin.ask("GET", f"{own}/tiers"))["total"] == 0
    assert await admin.ask("GET", f"{own}/alerts") == []


@ON_SQLITE
async def test_each_thing_that_is_made_has_an_audit_entry(origin: Origin) -> None:
    """The secrets are masked there."""
    made = await origin.platform.admin.ask("POST", origin.target, origin.body())
    with origin.platform.services.database.read() as session:
        organization_id = origin.platform.credentials.organization_id
        found = entries(session, organization_id, AuditFilter(api_id=made["id"]))
        assert [(entry.kind, entry.action) for entry in reversed(found)] == [
            *(("upstream", "create"), ("upstream", "create"), ("api", "promote")),
            *(("tier", "create"), ("policy", "create"), ("policy", "create")),
            ("alert", "create"),
        ]
        assert BASIC["password"] not in str([entry.after for entry in found])


@ON_SQLITE
@pytest.mark.parametrize(
    ("roles", "status", "told"),
    [
        ({"target": Role.API_ADMIN}, 404, "API instance 1 not found"),
        ({"target": Role.API_ADMIN, "source": Role.OPERATOR}, 403, "permission secrets:read is"),
        ({"target": Role.OPERATOR, "source": Role.API_ADMIN}, 403, "permission apis:write is"),
        ({"source": Role.API_ADMIN}, 404, "environment"),
        ({"target": Role.API_ADMIN, "source": Role.API_ADMIN}, 201, "blue"),
    ],
    ids=["no source", "no secrets", "no write", "no target", "both"],
)
async def test_promotion_needs_rights_in_both_environments(
    origin: Origin, roles: dict[str, Role], status: int, told: str
) -> None:
    """Who may not see the secrets of a policy must not get a copy of it."""
    origin.add_user(**roles)
    headers = await client_of(origin.platform, "pat")
    answer = await origin.platform.anyone.post(origin.target, json=origin.body(), headers=headers)
    assert (answer.status_code, told in answer.text) == (status, True), answer.text


@ON_SQLITE
async def test_a_promotion_that_makes_no_sense_is_refused(origin: Origin) -> None:
    """By the name of what is wrong."""
    everything = {"allEntities": True}
    changes: list[tuple[dict[str, Any], int, str]] = [
        ({"originApiId": 99}, 404, "API instance 99 not found"),
        ({"originApiId": "1"}, 400, "promote.originApiId"),
        ({"contracts": everything}, 400, "promote.contracts: contracts are not copied"),
        ({"policies": {}}, 400, "promote.policies.allEntities: is required"),
        ({"keys": everything}, 400, "promote.keys: unknown field"),
    ]
    for change, status, told in changes:
        body = {"promote": {"originApiId": origin.api["id"]} | change}
        refused = await origin.platform.refusal("POST", origin.target, body)
        assert (refused.status, told in str(refused)) == (status, True), refused


@ON_SQLITE
async def test_a_promotion_is_whole_or_not_at_all(origin: Origin) -> None:
    """A label that is taken, its own environment, or a policy with mistakes."""
    platform = origin.platform
    own = await platform.refusal("POST", platform.apis, origin.body())
    assert "promote.originApiId: it is in this environment" in str(own)
    spec = {"groupId": "g", "assetId": "a", "version": "1"}
    both = await platform.refusal("POST", origin.target, origin.body(spec=spec))
    assert "spec: leave it out" in str(both)
    with platform.services.database.write() as session:
        session.execute(update(Policy).values(configuration={"username": 5}))
    assert (await platform.refusal("POST", origin.target, origin.body())).status == 400
    assert (await platform.admin.ask("GET", origin.target))["total"] == 0
    without = {"promote": {"originApiId": origin.api["id"]}}
    await platform.admin.ask("POST", origin.target, without)
    assert (await platform.refusal("POST", origin.target, without)).status == 409
