"""The endpoint that takes reports: who may send one, and what is refused."""

import json
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import insert, inspect, select, update
from sqlalchemy.orm import undefer

from control_plane.field_errors import field_errors
from control_plane.fleet.report import Report
from control_plane.fleet.reporting import MAX_ADAPTERS
from control_plane.store.tables import Adapter, Environment, FleetLosses
from tests.control_plane.conftest import Platform
from tests.control_plane.fleet.reports import (
    STARTED_MS,
    accepted,
    api,
    path_of,
    put,
    report,
    revision,
    seen,
)


def adapters(platform: Platform) -> list[Adapter]:
    """All adapters with their details."""
    with platform.services.database.read() as session:
        found = list(session.scalars(select(Adapter).order_by(Adapter.id)))
        for adapter in found:
            assert adapter.details is not None
            assert adapter.sightings is not None
        return found


async def test_the_latest_report_is_kept(platform: Platform) -> None:
    """One row for each adapter, with our time and the sender's login."""
    await accepted(platform, report(1, api(1, 1)))
    platform.clock.move(seconds=15)
    first = platform.clock.now()
    faulty = api(1, 3, faults=["policy 1: no"], notes=["n"], fromDisk=True)
    await accepted(platform, report(4, faulty, api(2, None)))
    (adapter,) = adapters(platform)
    assert (adapter.instance_id, adapter.login) == (
        "gw-1:9001",
        platform.credentials.gateway_client_id,
    )
    assert adapter.reported_at == first
    assert adapter.first_reported_at < first
    assert (adapter.floor, adapter.apis, adapter.closed_apis, adapter.unconfirmed_apis) == (
        3,
        2,
        1,
        1,
    )
    assert adapter.details["apis"]["1"] == {
        "policies": 3,
        "tiers": 3,
        "contracts": 3,
        "from_disk": True,
        "faults": ["policy 1: no"],
        "notes": ["n"],
    }


async def test_fields_of_newer_adapters_are_left_alone(platform: Platform) -> None:
    """An adapter may be upgraded before the control plane."""
    await accepted(platform, report(1, api(1, 1, newer={"a": 1}), newer=[1]))


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"version": ""}, "version"),
        ({"version": "x" * 51}, "version"),
        ({"version": "a\u0000b"}, "version"),
        ({"build": 7}, "build"),
        ({"startedAt": -1}, "startedAt"),
        ({"startedAt": 10**18}, "startedAt"),
        ({"startedAt": "2026"}, "startedAt"),
        ({"intervalMs": 0}, "intervalMs"),
        ({"intervalMs": 10**9}, "intervalMs"),
        ({"snapshot": 2**63}, "snapshot"),
        ({"automated": 2**63}, "automated"),
        ({"automated": -1}, "automated"),
        ({"serving": "yes"}, "serving"),
        ({"alarms": ["x" * 501]}, "alarms.0"),
        ({"alarms": ["x"] * 51}, "alarms"),
        ({"alarms": ["a\u202eb"]}, "alarms.0"),
        ({"events": {"waiting": 0, "outcomes": {"a b": 1}}}, "events.outcomes"),
        ({"events": {"waiting": 0, "outcomes": {f"o{'x' * n}": 1 for n in range(21)}}}, "outcomes"),
        ({"quotas": None}, "quotas"),
        ({"services": [seen("h", -1)]}, "services.0.requests"),
        ({"services": [seen("h" * 256, 1)]}, "services.0.host"),
        ({"services": [seen("h\n", 1)]}, "services.0.host"),
        ({"services": [seen("h", 1)] * 501}, "services"),
        ({"apis": [api("../1", 1)]}, "apis.0.id"),
        ({"apis": [api("٣", 1)]}, "apis.0.id"),
        ({"apis": [api("9" * 19, 1)]}, "apis.0.id"),
        ({"apis": [api(1, 1, faults=["x"] * 11)]}, "apis.0.faults"),
        ({"apis": [api(1, 1.5)]}, "apis.0.policies"),  # type: ignore[arg-type]
        ({"apis": [api(1, 1)] * 5001}, "apis"),
        ({"apis": {"1": {}}}, "apis"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_bad_field_is_named(changes: dict[str, Any], named: str) -> None:
    """Wrong types, texts that can't be shown, numbers that can't be stored, and too much."""
    with pytest.raises(ValidationError) as refused:
        Report.model_validate_json(json.dumps(report(1) | changes))
    assert named in field_errors(refused.value.errors())


async def test_a_bad_report_is_refused_whole(platform: Platform) -> None:
    """The answer names every field that is wrong, and nothing is kept."""
    response = await put(platform, report(1, alarms=[1], services=[seen("a\u0000", 1)]))
    assert response.status_code == 400
    assert "alarms.0" in response.json()["message"]
    assert "services.0.host" in response.json()["message"]
    assert adapters(platform) == []


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b'"x"', b"[" * 200], ids=repr)
async def test_what_is_no_report_is_refused(platform: Platform, body: bytes) -> None:
    """Whatever bytes come."""
    headers = {"Content-Type": "application/json"}
    response = await platform.gateway.put(path_of(platform, "gw"), content=body, headers=headers)
    assert response.status_code == 400
    assert adapters(platform) == []


async def test_a_huge_report_is_refused(platform: Platform) -> None:
    """It is not even read."""
    response = await put(platform, report(1, padding="x" * (1 << 20)))
    assert response.status_code == 413


@pytest.mark.parametrize("name", ["-a", "a b", "x" * 101, "a%2Fb", "%00", "ä", "a%0A"])
async def test_an_odd_instance_id_is_refused(platform: Platform, name: str) -> None:
    """It is shown on pages and in commands."""
    response = await put(platform, report(1), name)
    assert response.status_code in (400, 404)
    assert adapters(platform) == []


async def test_only_a_gateway_may_report_and_only_for_its_environment(platform: Platform) -> None:
    """A user's token is refused; another environment does not exist for a gateway."""
    refused = await platform.anyone.put(path_of(platform, "gw"), json=report(1))
    assert refused.status_code == 401
    error = await platform.refusal("PUT", path_of(platform, "gw"), report(1))
    assert error.status == 403
    assert "reports:write" in str(error)
    with platform.services.database.write() as session:
        organization_id = platform.credentials.organization_id
        session.add(Environment(id="other", organization_id=organization_id, name="Other"))
    response = await platform.gateway.put(path_of(platform, "gw", "other"), json=report(1))
    assert response.status_code == 404
    assert adapters(platform) == []


async def test_a_gateway_may_not_do_more_than_report(platform: Platform) -> None:
    """A gateway reads nothing under this prefix."""
    assert (await platform.gateway.get(path_of(platform, "gw"))).status_code == 405


async def test_clocks_may_differ(platform: Platform) -> None:
    """An adapter that lives in the year 2100 is as welcome; its reports are dated by us."""
    await accepted(platform, report(1, startedAt=4_102_444_800_000))
    assert adapters(platform)[0].reported_at == platform.clock.now()


async def test_two_processes_under_one_id_are_noticed(platform: Platform) -> None:
    """The newer one counts. After a silence, an older start is just a clock that was set."""
    await accepted(platform, report(2, startedAt=STARTED_MS + 1))
    await accepted(platform, report(1, services=[seen("h", 5)]))
    (adapter,) = adapters(platform)
    assert adapter.shared_at == platform.clock.now()
    assert (adapter.automated, adapter.sightings) == (2, [])
    platform.clock.move(minutes=5)
    await accepted(platform, report(1))
    assert adapters(platform)[0].automated == 1


async def test_adapters_that_are_silent_for_days_are_forgotten(platform: Platform) -> None:
    """A new adapter makes room; what was forgotten is counted."""
    await accepted(platform, report(1), "old")
    with platform.services.database.write() as session:
        session.execute(update(Adapter).values(reported_at=platform.clock.now() - timedelta(8)))
    await accepted(platform, report(1), "new")
    assert [adapter.instance_id for adapter in adapters(platform)] == ["new"]


async def test_the_number_of_adapters_is_bounded(platform: Platform) -> None:
    """The longest silent one goes first. If none is silent, a new one is refused."""
    await accepted(platform, report(1), "model")
    with platform.services.database.write() as session:
        model = session.scalars(select(Adapter).options(undefer("*"))).one()
        columns = {c.key: getattr(model, c.key) for c in inspect(Adapter).column_attrs}
        del columns["id"]
        rows = [columns | {"instance_id": f"gw-{n}"} for n in range(2, MAX_ADAPTERS + 1)]
        session.execute(insert(Adapter), rows)
        model.reported_at -= timedelta(minutes=5)
    await accepted(platform, report(1), "new")
    names = {adapter.instance_id for adapter in adapters(platform)}
    assert len(names) == MAX_ADAPTERS
    assert "new" in names
    assert "model" not in names
    response = await put(platform, report(1), "one-more")
    assert response.status_code == 409
    assert "reports.instance_id" in response.json()["message"]
    await accepted(platform, report(1), "gw-2")
    with platform.services.database.read() as session:
        losses = session.get_one(FleetLosses, platform.credentials.environment_id)
        assert losses.adapters == 1


async def test_answers_to_gateways_name_the_revision(platform: Platform) -> None:
    """All that a gateway polls, also an answer without changes."""
    api_id, application = await platform.api_and_application()
    await platform.admin.request_contract(api_id, application["id"])
    expected = await revision(platform)
    assert expected >= 3
    automated = f"{platform.organization}/automated-policies"
    since = {"if-modified-since": str(int(platform.clock.now().timestamp()))}
    platform.clock.move(minutes=10)
    now = {"if-modified-since": str(int(platform.clock.now().timestamp()))}
    environment = {"environmentId": platform.credentials.environment_id}
    answers = [
        await platform.gateway.get(f"{platform.apis}/{api_id}/policies", headers=since),
        await platform.gateway.get(f"{platform.apis}/{api_id}/policies", headers=now),
        await platform.gateway.get(f"{platform.apis}/{api_id}/tiers"),
        await platform.gateway.get(automated, params=environment),
        await platform.gateway.get(
            platform.feed(api_id), headers={"X-Accept-Hash-Algorithm": "sha256"}
        ),
    ]
    assert [answer.status_code for answer in answers] == [200, 304, 200, 200, 200]
    assert {answer.headers["x-platform-revision"] for answer in answers} == {str(expected)}
