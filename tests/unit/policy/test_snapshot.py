"""From what the platform says to what Checks see."""

from adapter.policy.catalog import (
    ApiContent,
    ApiInstance,
    AppliedPolicy,
    Pointcut,
    RateLimit,
    SlaTier,
)
from adapter.policy.decide import decide
from adapter.policy.evaluation import Evaluation
from adapter.policy.request.attributes import GivenAttributes
from adapter.policy.rule_pool import RulePool
from adapter.policy.snapshot import Api, Snapshot, build_api, contracts_by_client, in_force
from adapter.policy.verdicts import Identity
from adapter.runtime.clock import WallTime
from tests.builders import api, applied, contract

LOGGING = {"loggingConfiguration": [{"itemData": {"message": "seen", "level": "INFO"}}]}
TIER = SlaTier("t1", "Gold", (RateLimit(5, 1_000),))


def policy(
    policy_id: str, policy_type: str = "x", order: int = 50, *, automated: bool = False
) -> AppliedPolicy:
    """An applied policy."""
    return AppliedPolicy(policy_id, policy_type, {}, order, automated=automated)


def test_a_policy_that_sets_a_header_of_ours_closes_the_api() -> None:
    """In any spelling, since upstreams may take them for one; to remove it is an admin's right."""
    for name in ("x-our-id", "x_our_id", "X-Our.Id"):
        injection = {"inboundHeaders": [{"key": name, "value": "1"}]}
        removal = {"inboundHeaders": [name]}
        policies = (applied("header-injection", injection), applied("header-removal", removal))
        content = ApiContent(ApiInstance("7", "orders"), policies)
        (fault,) = build_api(content, RulePool(), own_headers=frozenset({"x-our-id"})).faults
        assert fault.startswith("policy id-of-header-injection (header-injection): ")
        assert f"{name.lower()} cannot be injected" in fault


def test_policies_come_in_the_platforms_order() -> None:
    """CORS, then automated ones, then by order, ties by age."""
    policies = [
        policy("10", "c", order=2),
        policy("9", "b", order=2),
        policy("3", "d", order=1),
        policy("5", "a", order=9, automated=True),
        policy("7", "cors", order=99),
    ]
    assert [p.policy_id for p in in_force(policies)] == ["7", "5", "3", "9", "10"]


def test_an_automated_policy_overrides_its_type_on_the_api() -> None:
    """The environment's rule cannot be weakened by one API."""
    policies = [policy("1", "a"), policy("2", "a", automated=True), policy("3", "b")]
    assert [p.policy_id for p in in_force(policies)] == ["2", "3"]


def test_several_policies_of_one_type_stand_side_by_side() -> None:
    """With different pointcuts, an admin applies one type twice."""
    assert len(in_force([policy("1", "a"), policy("2", "a")])) == 2


def test_one_bad_policy_closes_the_api_and_every_fault_is_named() -> None:
    """What cannot be enforced is not skipped."""
    bad = [applied("ip-blocklist", {}), applied("unheard-of")]
    faults = api("7", [*bad, applied("client-id-enforcement")]).faults
    assert [fault.split(":")[0] for fault in faults] == [
        "policy id-of-ip-blocklist (ip-blocklist)",
        "policy id-of-unheard-of (unheard-of)",
    ]


def test_a_type_that_the_operator_ignores_is_shown_as_ignored() -> None:
    """Doing without a policy is a decision that stays visible."""
    content = ApiContent(ApiInstance("7", "orders"), (applied("unheard-of"),))
    built = build_api(content, RulePool(), ignored_types=frozenset({"unheard-of"}))
    assert (built.faults, built.ignored, built.policies) == ((), ("unheard-of",), ())


def test_contracts_are_found_by_client_id_with_identity_and_tier() -> None:
    """A Check needs one look to know all about a client."""
    content = ApiContent(
        ApiInstance("7", "orders"),
        tiers={"t1": TIER},
        contracts={"k": contract("c1", name="App", tier_id="t1")},
    )
    active = contracts_by_client(content)
    found = active.get("c1")
    assert found is content.contracts["k"]
    evaluation = Evaluation(GivenAttributes(), "7", active, content.tiers, ())
    identity = evaluation.identity_under(found)
    assert identity == Identity("c1", "App", "contract-of-c1", "Gold")


def test_an_unknown_tier_is_a_fault_of_that_contract_alone() -> None:
    """The others go on; an older fault is not hidden by it."""
    stray = contract("c1", tier_id="gone")
    content = ApiContent(
        ApiInstance("7", "orders"),
        contracts={
            "k1": stray,
            "k2": contract("c2"),
            "k3": contract("c3", tier_id="gone").closed("odd secret"),
        },
    )
    faults = {contract.client_id: contract.fault for contract in contracts_by_client(content)}
    assert faults == {"c1": "its SLA tier gone is unknown", "c2": None, "c3": "odd secret"}


def test_publishing_replaces_some_apis_and_leaves_the_others() -> None:
    """One API's change does not touch the rest, nor a snapshot that a Check holds."""
    first = Snapshot().replaced([api("1"), api("2")], [], WallTime(10.0))
    second = first.replaced([api("1", [applied("client-id-enforcement")])], ["2"], WallTime(11.0))
    assert set(first.apis) == {"1", "2"}
    assert set(second.apis) == {"1"}
    assert len(second.apis["1"].policies) == 1


def test_revisions_always_grow() -> None:
    """Even when the wall clock is set back."""
    first = Snapshot().replaced([], [], WallTime(10.0))
    assert first.revision == 10_000
    assert first.replaced([], [], WallTime(5.0)).revision == 10_001


def test_representations_show_no_contracts() -> None:
    """Nobody logs ten thousand clients by accident."""
    assert "client-1" not in repr(api("7", contracts=[contract("client-1")]))


def matched(snapshot: Snapshot) -> list[tuple[int, ...]]:
    """How often each pointcut of the API's policies matched."""
    api = snapshot.apis["1"]
    return [api.matches.of(position) for position in range(len(api.policies))]


def ask(snapshot: Snapshot, *paths: str) -> None:
    """Decide about a request to each path."""
    for path in paths:
        decide(GivenAttributes(method="GET", path=path), snapshot.apis["1"], 1)


def test_the_first_pointcut_that_matches_is_counted() -> None:
    """An operator sees that a pattern covers nothing; a policy without pointcuts counts nothing."""
    pointcuts = tuple(Pointcut("GET", path) for path in ("/a/.*", "/a/b", "/admin"))
    content = [applied("cors"), applied("message-logging", LOGGING, pointcuts=pointcuts)]
    snapshot = Snapshot().replaced([api("1", content)], (), WallTime(1))
    ask(snapshot, "/a/b", "/a/c", "/billing/admin", "/")
    assert matched(snapshot) == [(), (2, 0, 0)]


def test_where_an_automated_policy_applies_nothing_is_counted() -> None:
    """An overridden policy without pointcuts covers the rest of the API."""
    there = (Pointcut(".*", "/health"),)
    content = [
        applied("message-logging", LOGGING),
        AppliedPolicy("a", "message-logging", LOGGING, automated=True, pointcuts=there),
    ]
    snapshot = Snapshot().replaced([api("1", content)], (), WallTime(1))
    ask(snapshot, "/health", "/orders", "/orders")
    assert matched(snapshot) == [(1,), (2,)]
    assert [p.automated for p in snapshot.apis["1"].policies] == [True, False]


def test_counts_go_on_until_the_pointcuts_change() -> None:
    """A contract or another policy changes; what a pattern has matched is still known."""

    def compiled(path: str, *others: AppliedPolicy) -> Api:
        pointcuts = (Pointcut(".*", path),)
        return api("1", [*others, applied("message-logging", LOGGING, pointcuts=pointcuts)])

    snapshot = Snapshot().replaced([compiled("/a")], (), WallTime(1))
    ask(snapshot, "/a")
    snapshot = snapshot.replaced([compiled("/a", applied("cors"))], (), WallTime(2))
    ask(snapshot, "/a")
    assert matched(snapshot) == [(), (2,)]
    snapshot = snapshot.replaced([compiled("/b")], (), WallTime(3))
    assert matched(snapshot) == [(0,)]
    snapshot = snapshot.replaced([api("1")], (), WallTime(4)).replaced(
        [compiled("/b")], (), WallTime(5)
    )
    assert matched(snapshot) == [(0,)]
