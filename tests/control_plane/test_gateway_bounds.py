"""What no gateway could use is refused when an admin sends it, by the name of the field."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from adapter.platform_client.protocol.documents import TierDocument
from adapter.platform_client.protocol.policy_document import MAX_DEPTH, oddity
from control_plane.protocol.policy_bodies import NewPolicy
from control_plane.protocol.tiers import NewTier
from tests.control_plane.conftest import ON_SQLITE, Platform

YEAR_MS = 366 * 24 * 3_600_000
SHAPES = st.recursive(
    st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=6,
)


def _nested(levels: int, innermost: Any, *, array: bool = False) -> dict[str, Any]:
    value = innermost
    for _ in range(levels - 1):
        value = [value] if array else {"a": value}
    return {"a": value}


def _is_accepted(model: type[Any], document: dict[str, Any]) -> bool:
    try:
        TypeAdapter(model).validate_python(document)
    except ValidationError:
        return False
    return True


@given(st.integers(1, MAX_DEPTH + 2), st.booleans(), SHAPES)
def test_a_gateway_can_use_each_configuration_that_is_accepted(
    levels: int, array: bool, innermost: Any
) -> None:
    """A gateway closes an API whose configuration is nested too deeply."""
    configuration = _nested(levels, innermost, array=array)
    policy = {"assetId": "cors", "assetVersion": "1", "configurationData": configuration}
    assert _is_accepted(NewPolicy, policy) == (oddity(configuration) is None)


@given(
    st.lists(st.integers(-1, 2**53 + 1), min_size=1, max_size=18),
    st.integers(-1, YEAR_MS + 1) | st.sampled_from([YEAR_MS, YEAR_MS + 1, 2**53]),
)
def test_a_gateway_can_use_each_tier_that_is_accepted(maxima: list[int], period_ms: int) -> None:
    """A gateway closes the contracts of a tier that is outside its bounds."""
    limits = [{"maximumRequests": n, "timePeriodInMilliseconds": period_ms} for n in maxima]
    tier = {"id": "1", "name": "gold", "status": "ACTIVE", "limits": limits}
    assert _is_accepted(NewTier, tier) == _is_accepted(TierDocument, tier)


@ON_SQLITE
@pytest.mark.parametrize("place", ["policy", "change", "automated", "automated change"])
async def test_a_configuration_that_is_nested_too_deeply_is_named(
    platform: Platform, place: str
) -> None:
    """An automated policy of 65 levels would close all APIs of the environment."""
    admin = platform.admin
    api_id = (await admin.create_api("orders"))["id"]
    applied = await admin.apply_policy(api_id, "our-own", {}, allow_unknown=True)
    automated = await admin.apply_automated_policy("our-own", {}, allow_unknown=True)
    scope = {"environmentId": platform.credentials.environment_id}
    names = {"assetId": "our-own", "assetVersion": "1.0.0"}
    policies = f"{platform.apis}/{api_id}/policies"
    all_automated = f"{platform.organization}/automated-policies"
    requests: dict[str, tuple[str, str, dict[str, Any]]] = {
        "policy": ("POST", policies, {**names, "assetId": "another"}),
        "change": ("PATCH", f"{policies}/{applied['id']}", {}),
        "automated": ("POST", all_automated, {**names, "ruleOfApplication": scope}),
        "automated change": ("PATCH", f"{all_automated}/{automated['id']}", {}),
    }
    method, path, body = requests[place]
    path += "?allowUnknown=true"
    deep = _nested(65, {})
    error = await platform.refusal(method, path, {**body, "configurationData": deep})
    assert error.status == 400
    assert "configurationData: " in str(error)
    assert "64 levels" in str(error)
    await admin.ask(method, path, {**body, "configurationData": _nested(63, {})})


@ON_SQLITE
@pytest.mark.parametrize(
    ("limit", "named"),
    [
        ({"maximumRequests": 0}, "limits.0.maximumRequests"),
        ({"maximumRequests": 2**53 + 1}, "limits.0.maximumRequests"),
        ({"timePeriodInMilliseconds": 0}, "limits.0.timePeriodInMilliseconds"),
        ({"timePeriodInMilliseconds": YEAR_MS + 1}, "limits.0.timePeriodInMilliseconds"),
    ],
)
async def test_a_limit_outside_the_bounds_is_named(
    platform: Platform, limit: dict[str, int], named: str
) -> None:
    """When a tier is made, and when it is changed."""
    api_id = (await platform.admin.create_api("orders"))["id"]
    tier = await platform.admin.create_tier(api_id, "gold", [(5, YEAR_MS)])
    limits = [{"maximumRequests": 1, "timePeriodInMilliseconds": 1} | limit]
    path = f"{platform.apis}/{api_id}/tiers"
    new = {"name": "silver", "status": "ACTIVE", "limits": limits}
    for error in (
        await platform.refusal("POST", path, new),
        await platform.refusal("PUT", f"{path}/{tier['id']}", {"limits": limits}),
    ):
        assert error.status == 400
        assert named in str(error)


@ON_SQLITE
async def test_too_many_limits_are_named(platform: Platform) -> None:
    """Sixteen are allowed."""
    api_id = (await platform.admin.create_api("orders"))["id"]
    await platform.admin.create_tier(api_id, "gold", [(5, 1000)] * 16)
    limits = [{"maximumRequests": 1, "timePeriodInMilliseconds": 1}] * 17
    tier = {"name": "silver", "status": "ACTIVE", "limits": limits}
    error = await platform.refusal("POST", f"{platform.apis}/{api_id}/tiers", tier)
    assert (error.status, "limits" in str(error)) == (400, True)


@ON_SQLITE
@pytest.mark.parametrize("name", ["uri", "proxyUri"])
@pytest.mark.parametrize("value", [{"a": {}}, ["x"], 7, True, ""])
async def test_an_address_of_an_endpoint_is_text(platform: Platform, name: str, value: Any) -> None:
    """The list of APIs shows it as text."""
    api_id = (await platform.admin.create_api("orders"))["id"]
    path = f"{platform.apis}/{api_id}"
    error = await platform.refusal("PATCH", path, {"endpoint": {name: value}})
    assert error.status == 400
    assert f"endpoint.{name}" in str(error)
    endpoint = {name: "http://orders.test", "isCloudHub": None, "other": {"kept": 1}}
    changed = await platform.admin.ask("PATCH", path, {"endpoint": endpoint})
    assert changed["endpoint"].items() >= endpoint.items()
    cleared = await platform.admin.ask("PATCH", path, {"endpoint": None})
    assert cleared["endpoint"][name] is None
