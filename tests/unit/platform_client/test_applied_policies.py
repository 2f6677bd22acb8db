"""From the platform's lists of policies to applied ones: both shapes, and what cannot be read."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.platform_client.protocol.applied_policies import automated_policies_from, policies_from
from adapter.platform_client.protocol.lenient_json import Unreadable
from adapter.platform_client.protocol.masked_secrets import masked_places
from adapter.policy.catalog import ApiContent, ApiInstance, AppliedPolicy, Pointcut
from adapter.policy.rule_pool import RulePool
from adapter.policy.snapshot import build_api
from tests.unit.platform_client.json_strategies import JSON, near, nested

POLICY = {"id": 5, "assetId": "rate-limiting", "configurationData": {"a": 1}, "order": 3}
LIVE = {
    "policyId": 5,
    "policyTemplateId": "348741",
    "type": "system",
    "order": 3,
    "pointcutData": None,
    "configuration": {"a": 1},
    "template": {"groupId": "g", "assetId": "rate-limiting", "assetVersion": "1.4.0"},
    "implementationAsset": {"assetId": "rate-limiting-flex", "technology": "flexGateway"},
}
"""As the live platform describes it."""


def test_a_policy_is_taken_over_whole() -> None:
    """Type, order, configuration and pointcuts are what the admin said."""
    pointcut = {"methodRegex": "GET", "uriTemplateRegex": "/v1.*"}
    (policy,) = policies_from([POLICY | {"pointcutData": [pointcut]}])
    assert (policy.policy_id, policy.policy_type, policy.order) == ("5", "rate-limiting", 3)
    assert policy.configuration == {"a": 1}
    assert policy.pointcuts == (Pointcut("GET", "/v1.*"),)
    assert policy.fault is None


@pytest.mark.parametrize("row", [POLICY | {"disabled": True}, {"disabled": True, "id": None}])
def test_a_disabled_policy_is_left_out(row: Any) -> None:
    """A disabled policy neither applies nor closes an API, readable or not."""
    assert policies_from([row]) == ()


@pytest.mark.parametrize(
    ("row", "named"),
    [
        ("text", "the document"),
        (POLICY | {"id": None}, "id"),
        (POLICY | {"assetId": ""}, "assetId"),
        (POLICY | {"configurationData": [1]}, "configurationData"),
        (POLICY | {"order": "first"}, "order"),
        (POLICY | {"pointcutData": "x"}, "pointcutData"),
        (POLICY | {"order": True}, "order"),
        (POLICY | {"order": 10**400}, "order"),
        (POLICY | {"pointcutData": [{"uriTemplateRegex": 5}]}, "pointcutData.0.uriTemplateRegex"),
        (POLICY | {"pointcutData": [{"methodRegex": "\ud83d"}]}, "pointcutData.0.methodRegex"),
        (POLICY | {"pointcutData": [{}] * 101}, "pointcutData"),
        (POLICY | {"assetId": "cors\ud83d"}, "assetId"),
    ],
)
def test_an_unreadable_policy_is_kept_with_its_fault(row: Any, named: str) -> None:
    """It must close its API, not vanish from it; the fault names the field."""
    (policy,) = policies_from([row])
    assert policy.fault is not None
    assert named in policy.fault


def test_a_fault_never_shows_a_value() -> None:
    """A secret in the wrong place does not get into faults, which operators and logs show."""
    (policy,) = policies_from([POLICY | {"configurationData": ["hunter2"], "order": "hunter2"}])
    assert "hunter2" not in repr(policy)


def test_automated_policies_of_other_environments_are_left_out() -> None:
    """A filter that the platform ignored does not apply foreign policies."""
    rows = [
        POLICY | {"id": 1, "ruleOfApplication": {"environmentId": "env"}},
        POLICY | {"id": 2, "ruleOfApplication": {"environmentId": "other"}},
        POLICY | {"id": 3, "order": None},
    ]
    mule_only: list[str] = []
    found = automated_policies_from(rows, "env", mule_only.append)
    assert mule_only == []
    assert [(p.policy_id, p.automated, p.order) for p in found] == [("1", True, 3), ("3", True, 50)]


def test_a_masked_value_names_its_place_and_the_fix() -> None:
    """The operator reads which field it is and what to do."""
    configuration = {"auth": [{"password": "*****", "user": "u"}], "textKey": "••••"}
    assert masked_places(configuration) == ("auth[0].password", "textKey")
    (policy,) = policies_from([POLICY | {"configurationData": configuration}])
    assert "auth[0].password, textKey" in (policy.fault or "")
    assert "enter it again" in (policy.fault or "")


def test_the_live_shape_of_a_policy_is_read_like_the_examples() -> None:
    """On the live platform an API must not be closed for the names of the members."""
    assert policies_from([LIVE]) == policies_from([POLICY])


def test_a_policy_with_the_members_of_both_shapes_is_read() -> None:
    """A platform may give old and new names at once, with null for some of them."""
    assert policies_from([POLICY | LIVE]) == policies_from([POLICY])
    nulls = {"id": None, "assetId": None, "configurationData": None}
    assert policies_from([LIVE | nulls]) == policies_from([POLICY])
    others = {"policyId": None, "template": None, "configuration": None}
    assert policies_from([POLICY | others]) == policies_from([POLICY])


@pytest.mark.parametrize(
    "named",
    [
        {"implementationAsset": {"assetId": "rate-limiting-flex"}},
        {"implementationAsset": {"assetId": "rate-limiting-mule"}},
        {"template": {"assetId": None}, "implementationAsset": {"assetId": "rate-limiting"}},
        {"implementationAssets": [{"assetId": "rate-limiting-flex"}, {"assetId": None}, 5]},
        {
            "implementationAssets": [
                {"assetId": "rate-limiting-mule"},
                {"assetId": "rate-limiting-flex"},
            ]
        },
    ],
)
def test_a_policy_without_a_type_is_of_the_type_of_its_implementation(named: Any) -> None:
    """Which is named after the type, with the gateway's technology at the end."""
    (policy,) = policies_from([{"id": 5} | named])
    assert (policy.policy_type, policy.fault) == ("rate-limiting", None)


@pytest.mark.parametrize(
    ("row", "named"),
    [
        (POLICY | {"template": {"assetId": "access-block"}}, "template.assetId"),
        (POLICY | {"configuration": {"a": 2}}, "configurationData and configuration"),
        (
            {
                "id": 5,
                "implementationAssets": [
                    {"assetId": "cors-flex"},
                    {"assetId": "access-block-flex"},
                ],
            },
            "implementationAsset.assetId",
        ),
    ],
)
def test_a_policy_that_contradicts_itself_closes_its_api(row: Any, named: str) -> None:
    """Nobody can know which half the admin meant, so that neither is enforced."""
    (policy,) = policies_from([row])
    assert named in (policy.fault or "")
    assert "contradict" in (policy.fault or "")


@pytest.mark.parametrize("empty", [{}, [], "", None])
@pytest.mark.parametrize("name", ["configurationData", "configuration"])
def test_an_empty_form_beside_a_full_one_says_nothing(name: str, empty: Any) -> None:
    """The other form has what the admin wrote."""
    full = {"configurationData": {"a": 1}, "configuration": {"a": 1}}
    (policy,) = policies_from([POLICY | full | {name: empty}])
    assert (policy.configuration, policy.fault) == ({"a": 1}, None)
    (policy,) = policies_from([POLICY | {"configurationData": empty, "configuration": empty}])
    assert (policy.configuration, policy.fault) == ({}, None)


@pytest.mark.parametrize("empty", [{}, [], "", None])
def test_empty_pointcuts_are_none(empty: Any) -> None:
    """The policy applies to the whole API."""
    (policy,) = policies_from([POLICY | {"pointcutData": empty}])
    assert (policy.pointcuts, policy.fault) == ((), None)


@pytest.mark.parametrize("spelling", [True, "true", "True", " TRUE ", 1, "1", 1.0, "yes", "on"])
def test_a_disabled_policy_is_left_out_in_any_spelling(spelling: Any) -> None:
    """JSON clients write Booleans in many ways."""
    assert policies_from([POLICY | {"disabled": spelling}]) == ()


@pytest.mark.parametrize(
    "spelling", [False, "false", "False", 0, "0", "", None, "no", "maybe", {}, [], 2, [True]]
)
def test_a_policy_that_is_not_plainly_disabled_applies(spelling: Any) -> None:
    """In doubt it is enforced: text such as "false" is true to many languages, and not to us."""
    assert policies_from([POLICY | {"disabled": spelling}]) == policies_from([POLICY])


@pytest.mark.parametrize(
    ("pointcut", "taken"),
    [
        ({"methodRegex": "GET"}, Pointcut("GET", "")),
        ({"methodRegex": None, "uriTemplateRegex": "/a"}, Pointcut("", "/a")),
        ({}, Pointcut("", "")),
    ],
)
def test_a_pattern_that_a_pointcut_lacks_matches_everything(pointcut: Any, taken: Pointcut) -> None:
    """Clients of the platform leave out the pattern that does not matter."""
    (policy,) = policies_from([POLICY | {"pointcutData": [pointcut]}])
    assert (policy.pointcuts, policy.fault) == ((taken,), None)


@pytest.mark.parametrize("empty", [None, [], "", {}])
def test_an_empty_configuration_is_none(empty: Any) -> None:
    """Whatever stands for nothing asks for nothing."""
    (policy,) = policies_from([POLICY | {"configurationData": empty}])
    assert (policy.configuration, policy.fault) == ({}, None)


@pytest.mark.parametrize(
    ("technologies", "applies"),
    [
        (["mule4"], False),
        (["mule3", "Mule4 "], False),
        ("mule4", False),
        (["flexGateway"], True),
        (["serviceMesh"], True),
        (["mule4", "flexGateway"], True),
        (["aNewName"], True),
        ([None, "mule4"], True),
        ([], True),
        (None, True),
    ],
)
def test_an_automated_policy_for_mule_runtimes_is_not_for_us(
    technologies: Any, *, applies: bool
) -> None:
    """Only what names other gateways and nothing else is left out; in doubt a policy applies."""
    row = POLICY | {"ruleOfApplication": {"environmentId": "ENV", "technologies": technologies}}
    mule_only: list[str] = []
    assert bool(automated_policies_from([row], "env", mule_only.append)) is applies
    assert mule_only == ([] if applies else ["rate-limiting (id 5)"])


@pytest.mark.parametrize(
    "names",
    [
        {"assetId": "rate-limiting-flex"},
        {"assetId": "rate-limiting-mule"},
        {"assetId": None, "template": {"assetId": "rate-limiting-flex"}},
        {"assetId": "rate-limiting", "template": {"assetId": "rate-limiting-flex"}},
        {"assetId": "rate-limiting-mule", "template": {"assetId": "rate-limiting-flex"}},
    ],
)
def test_a_type_named_by_its_implementation_is_enforced(names: Any) -> None:
    """The name of an implementation is read as the type, instead of closing the API."""
    (policy,) = policies_from([POLICY | names])
    assert (policy.policy_type, policy.fault) == ("rate-limiting", None)


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        (nested(65), "nested more than 64 levels"),
        ({"a": ["Shop \ud83d"]}, "unpaired surrogate"),
        ({"\ud83d": 1}, "unpaired surrogate"),
        ({"a": Unreadable("a number of 9999 digits")}, "a number of 9999 digits"),
    ],
)
def test_a_configuration_that_cannot_be_used_closes_its_api_by_name(
    settings: Any, why: str
) -> None:
    """The fault says which policy it is and what is wrong with it; the others are taken."""
    rows = [POLICY | {"configurationData": settings}, POLICY | {"id": 6}]
    odd, other = policies_from(rows)
    assert (odd.policy_id, odd.policy_type) == ("5", "rate-limiting")
    assert why in (odd.fault or "")
    assert other.fault is None


def test_many_masked_values_make_no_endless_message() -> None:
    """What gets into the log is bounded, whatever the platform sends."""
    settings = {"x" * 1_000 + str(number): "*****" for number in range(1_000)}
    (policy,) = policies_from([POLICY | {"configurationData": settings}])
    assert "and 990 more" in (policy.fault or "")
    assert len(policy.fault or "") < 1_000


def test_more_policies_than_can_be_enforced_close_the_api() -> None:
    """A mistake of the platform must not keep the process busy for minutes."""
    (policy,) = policies_from([POLICY] * 201)
    assert "201 policies" in (policy.fault or "")


BOTH = POLICY | LIVE | {"disabled": False, "pointcutData": [], "ruleOfApplication": {}}


@given(st.lists(near(BOTH), max_size=3))
def test_no_policy_document_breaks_the_translation(rows: list[Any]) -> None:
    """Whatever the platform sends, a policy is there, or has a fault, or is plainly disabled."""
    for policy in policies_from(rows):
        assert isinstance(policy, AppliedPolicy)
        json.dumps([policy.policy_id, policy.policy_type, policy.fault]).encode()
        f"{policy.policy_id}{policy.policy_type}{policy.fault}".encode()


@given(near(BOTH))
def test_no_policy_changes_what_another_is(row: Any) -> None:
    """One bad entry spoils no other."""
    beside = policies_from([POLICY, row, LIVE | {"policyId": 6}])
    assert (beside[0], beside[-1]) == policies_from([POLICY, LIVE | {"policyId": 6}])


@given(JSON, st.sampled_from(sorted(BOTH)))
def test_a_policy_with_anything_in_a_member_is_enforced_or_closes_its_api(
    value: Any, member: str
) -> None:
    """No member makes the compilation of an API fail otherwise."""
    row = BOTH | {"assetId": "access-block", "template": {}, "configurationData": {}}
    policies = policies_from([row | {"configuration": {}} | {member: value}])
    built = build_api(ApiContent(ApiInstance("7", "orders"), policies), RulePool())
    assert built.policies or built.faults or not policies
