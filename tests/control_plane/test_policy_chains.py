"""The chain that the console shows is the one that the adapter asks."""

import json
from collections.abc import Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.platform_client.protocol.applied_policies import (
    automated_policies_from,
    policies_from,
)
from adapter.policy.snapshot import in_force
from control_plane.management.policy_chains import in_order
from control_plane.store.tables import AutomatedPolicy, Policy

POINTCUTS: list[list[dict[str, str]] | None] = [
    None,
    [],
    [{"methodRegex": ".*", "uriTemplateRegex": ".*"}],
    [{"methodRegex": "GET", "uriTemplateRegex": "/a"}],
    [
        {"methodRegex": "GET", "uriTemplateRegex": "/a"},
        {"methodRegex": "", "uriTemplateRegex": "^.*$"},
    ],
]
TYPES = ["cors", "access-block", "rate-limiting"]


@st.composite
def policies(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Columns of some policies, own and automated."""
    count = draw(st.integers(0, 6))
    return [
        {
            "id": number + 1,
            "asset_id": draw(st.sampled_from(TYPES)),
            "configuration": {},
            "pointcut": draw(st.sampled_from(POINTCUTS)),
            "order": draw(st.integers(1, 100)),
            "disabled": draw(st.booleans()),
            "automated": draw(st.booleans()),
            "technologies": draw(st.sampled_from([None, [], ["mule4"], ["mule4", "flexGateway"]])),
        }
        for number in range(count)
    ]


def document(policy: dict[str, Any]) -> dict[str, Any]:
    """What the platform tells adapters of a policy."""
    return {
        "id": policy["id"],
        "assetId": policy["asset_id"],
        "configurationData": policy["configuration"],
        "pointcutData": policy["pointcut"],
        "order": policy["order"],
        "ruleOfApplication": {"environmentId": "e", "technologies": policy["technologies"]},
    }


def asked_by_adapter(found: Sequence[dict[str, Any]]) -> list[tuple[int, bool]]:
    """The ids of the policies that an adapter asks, and whether each is automated."""
    on = [policy for policy in found if not policy["disabled"]]
    own = policies_from([document(policy) for policy in on if not policy["automated"]])
    rows = [document(policy) for policy in on if policy["automated"]]
    automated = automated_policies_from(rows, "e", lambda _: None)
    return [(int(each.policy_id), each.automated) for each in in_force((*own, *automated))]


@given(policies())
@settings(deadline=None)
def test_the_console_shows_the_chain_of_the_adapter(found: list[dict[str, Any]]) -> None:
    """The same policies in the same order, whatever is overridden, off, or for others."""
    own, automated = [], []
    for policy in found:
        columns = {k: v for k, v in policy.items() if k not in ("automated", "technologies")}
        if policy["automated"]:
            rule = {"technologies": policy["technologies"]}
            automated.append(AutomatedPolicy(**columns, rule_of_application=rule))
        else:
            own.append(Policy(**columns))
    links = in_order(own, automated)
    assert len(links) == len(found)
    shown = [(link.policy.id, link.is_automated) for link in links if link.is_asked]
    assert shown == asked_by_adapter(found), json.dumps(found)
