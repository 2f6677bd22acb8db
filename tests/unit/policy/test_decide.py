"""How verdicts add up to a decision."""

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.policy.catalog import ApiInstance, PolicyRef
from adapter.policy.compile import CompiledPolicy
from adapter.policy.decide import Unsettled, decide
from adapter.policy.decision import Allowed, Answered, Decision, Denied
from adapter.policy.effects.effect import Verdict
from adapter.policy.effects.log import LOGGED, Log, LogMessage
from adapter.policy.effects.quota import Charge, QuotaState
from adapter.policy.evaluation import Evaluation
from adapter.policy.rule import Rule
from adapter.policy.rule_pool import SharedRule
from adapter.policy.snapshot import Api
from adapter.policy.verdicts import (
    CONTINUE,
    Continue,
    Deny,
    DenyReason,
    DirectResponse,
    ExposedQuota,
    Identity,
)
from tests.unit.policy.gateway import a_request, removed_headers, set_headers

NO = Deny(DenyReason.ACCESS_BLOCKED, 403, "no")
ROOM = QuotaState(admitted=True, remaining=(1,), reset_ms=(1,))
FULL = QuotaState(admitted=False, remaining=(0,), reset_ms=(1,))
CHARGE = Charge(((1, 1, "k"),), lambda state: CONTINUE if state.admitted else NO)


Ruling: TypeAlias = Verdict | Callable[[Evaluation], Verdict]


def ruled(*rulings: Ruling, inspects_path: bool = False) -> Api:
    """An API whose policies, numbered from 0, answer like this."""
    policies = [
        CompiledPolicy(
            PolicyRef(str(n), "test"), SharedRule(Rule(_evaluate(ruling), inspects_path))
        )
        for n, ruling in enumerate(rulings)
    ]
    return Api(ApiInstance("7", "orders"), tuple(policies))


def _evaluate(ruling: Ruling) -> Callable[[Evaluation], Verdict]:
    return ruling if callable(ruling) else lambda _: ruling


def decided(
    api: Api, *outcomes: QuotaState, path: str = "/", method: str = "GET"
) -> tuple[Decision, int]:
    """The decision and how many effects were settled for it."""
    step = decide(a_request({"x": "sent"}, path=path, method=method), api, 5)
    settled = 0
    while isinstance(step, Unsettled):
        step = step.settle(outcomes[settled])
        settled += 1
    return step, settled


def test_without_policies_a_request_passes() -> None:
    """An API without policies is open, as its admin wished."""
    decision, _ = decided(ruled())
    assert decision == Allowed(ApiInstance("7", "orders"), 5)


def test_the_first_denial_wins_and_names_its_policy() -> None:
    """Later policies are not even asked."""

    def never(_: Evaluation) -> Verdict:
        raise AssertionError("asked after a denial")

    decision, _ = decided(ruled(CONTINUE, NO, never))
    assert isinstance(decision, Denied)
    assert (decision.deny, decision.policy) == (NO, PolicyRef("1", "test"))


def test_a_denial_ahead_of_a_limit_charges_nothing() -> None:
    """Refused requests do not use up the quota."""
    assert decided(ruled(NO, CHARGE))[1] == 0


def test_effects_are_settled_in_order_until_one_refuses() -> None:
    """A full limit stops the chain."""
    assert decided(ruled(CHARGE, CHARGE), ROOM, ROOM) == (Allowed(ApiInstance("7", "orders"), 5), 2)
    decision, settled = decided(ruled(CHARGE, CHARGE), FULL)
    assert (getattr(decision, "deny", None), settled) == (NO, 1)


def test_who_is_charged_is_known_of_a_refused_request_too() -> None:
    """Analytics attribute a 429 to the application."""
    decision, _ = decided(
        ruled(Charge(CHARGE.windows, CHARGE.settled, identity=Identity("c1"))), FULL
    )
    assert decision.identity == Identity("c1")


def test_identity_and_edits_of_earlier_policies_reach_later_ones() -> None:
    """A policy builds on what the ones before it found."""
    seen: list[object] = []

    def look(evaluation: Evaluation) -> Verdict:
        seen.extend([evaluation.identity, evaluation.header("x"), evaluation.header("y")])
        return CONTINUE

    edit = Continue(
        identity=Identity("c1"), append_headers=(("x", "added"),), set_headers=(("y", "1"),)
    )
    decision, _ = decided(ruled(edit, look))
    assert seen == [Identity("c1"), "sent,added", "1"]
    assert isinstance(decision, Allowed)
    assert set_headers(decision) == (("y", "1"), ("x", "sent,added"))


def test_a_header_is_either_set_or_removed_in_the_end() -> None:
    """Envoy removes after it sets, so the last word alone may leave us."""
    gone = Continue(remove_headers=("x",))
    back = Continue(append_headers=(("x", "new"),))
    set_again, _ = decided(ruled(gone, back))
    removed, _ = decided(ruled(back, gone))
    assert isinstance(set_again, Allowed)
    assert isinstance(removed, Allowed)
    assert (set_headers(set_again), removed_headers(set_again)) == ((("x", "new"),), ())
    assert (set_headers(removed), removed_headers(removed)) == ((), ("x",))


def test_response_headers_go_with_denials_of_later_policies() -> None:
    """CORS headers and the like reach the client on a refusal, too."""
    decision, _ = decided(ruled(Continue(response_headers=(("a", "1"),)), NO))
    assert decision.response_headers == (("a", "1"),)


def test_an_answer_ends_the_chain_and_is_no_denial() -> None:
    """A preflight is answered; policies behind it are not asked, and none is named."""
    answer = DirectResponse(204, (("a", "1"),))
    decision, settled = decided(ruled(Continue(response_headers=(("b", "2"),)), answer, CHARGE))
    assert decision == Answered(
        answer, 5, ApiInstance("7", "orders"), response_headers=(("b", "2"),)
    )
    assert settled == 0


def test_appended_response_headers_add_up() -> None:
    """Each policy's value reaches the client, on a denial too."""
    one = Continue(append_response_headers=(("vary", "a"),))
    two = Continue(append_response_headers=(("vary", "b"),))
    expected = (("vary", "a"), ("vary", "b"))
    assert decided(ruled(one, two))[0].append_response_headers == expected
    assert decided(ruled(one, two, NO))[0].append_response_headers == expected


@given(st.permutations([(9, 5, 100), (3, 0, 50), (4, 0, 70)]), st.booleans())
def test_clients_are_told_of_the_strictest_limit(
    quotas: list[tuple[int, int, int]], denied: bool
) -> None:
    """Least left first, then the longest wait, in whatever order policies exposed them."""
    exposed = [ExposedQuota(*quota) for quota in quotas]
    verdicts: list[Verdict] = [Continue(exposed_quota=quota) for quota in exposed]
    if denied:
        verdicts[-1] = replace(NO, exposed_quota=exposed[-1])
    decision, _ = decided(ruled(*verdicts))
    assert decision.response_headers == ExposedQuota(4, 0, 70).headers


def test_what_is_logged_decides_nothing() -> None:
    """The outcome of a log effect is to go on."""
    log = Log((LogMessage("info", "c", "text", "7"),))
    step = decide(a_request(), ruled(log, NO), 5)
    assert isinstance(step, Unsettled)
    assert step.effect == log
    assert isinstance(step.settle(LOGGED), Denied)


def test_a_closed_api_refuses_everything_and_names_every_fault() -> None:
    """No policy is skipped by being broken."""
    closed = Api(ApiInstance("7", "orders"), faults=("one", "two"))
    decision, _ = decided(closed)
    assert isinstance(decision, Denied)
    assert (decision.deny.reason, decision.deny.status) == (DenyReason.API_CLOSED, 503)
    assert decision.deny.detail == "one; two"


@pytest.mark.parametrize(("inspects", "refused"), [(True, True), (False, False)])
def test_an_ambiguous_path_matters_only_where_a_policy_looks_at_it(
    *, inspects: bool, refused: bool
) -> None:
    """Nobody is refused for a path that decides nothing."""
    decision, _ = decided(ruled(CONTINUE, inspects_path=inspects), path="/a/../b")
    assert isinstance(decision, Denied) is refused


def test_a_request_without_a_method_is_refused() -> None:
    """It is no TCP connection, which only looks similar."""
    decision, _ = decided(ruled(), method="")
    assert isinstance(decision, Denied)
    assert decision.deny.reason is DenyReason.MALFORMED_REQUEST


VERDICTS = st.lists(
    st.sampled_from([CONTINUE, NO, Continue(remove_headers=("x",)), Continue(claims={"a": 1})]),
    max_size=6,
)


@given(VERDICTS, st.integers(0, 6))
def test_adding_a_denial_anywhere_never_widens_access(verdicts: list[Verdict], at: int) -> None:
    """One more refusing policy refuses."""
    decision, _ = decided(ruled(*verdicts[:at], NO, *verdicts[at:]))
    assert isinstance(decision, Denied)


@given(VERDICTS, st.randoms(use_true_random=False))
def test_the_order_of_independent_policies_does_not_change_the_outcome(
    verdicts: list[Verdict], random: Random
) -> None:
    """Admins may reorder what does not depend on each other."""
    shuffled = list(verdicts)
    random.shuffle(shuffled)
    assert type(decided(ruled(*verdicts))[0]) is type(decided(ruled(*shuffled))[0])
