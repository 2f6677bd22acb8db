"""Rules that are wrapped: the same loop decides, and somebody else sees or changes each verdict."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from adapter.policy.compile import CompiledPolicy
from adapter.policy.decide import Unsettled, decide
from adapter.policy.decision import Allowed
from adapter.policy.effects.quota import ADMITTED, Charge
from adapter.policy.effects.use import Usage, UseOnce
from adapter.policy.evaluation import Evaluation
from adapter.policy.request.attributes import RequestAttributes
from adapter.policy.rule import always
from adapter.policy.rule_pool import SharedRule
from adapter.policy.snapshot import Api
from adapter.policy.verdicts import CONTINUE, Conclusion, Deny, DenyReason
from tests.builders import CLIENT_ID_ENFORCEMENT, api_ruled_by, applied, contract
from tests.unit.policy.gateway import Gateway, a_request, credentials

LIMIT = {"maximumRequests": 1, "timePeriodInMilliseconds": 60_000}
RATE_LIMITING = applied("rate-limiting", {"rateLimits": [LIMIT]})
SPIKE_CONTROL = applied("spike-control", {"maximumRequests": 5, "timePeriodInMilliseconds": 1_000})
MESSAGE = {"itemData": {"message": "seen", "level": "INFO"}}
MESSAGE_LOGGING = applied("message-logging", {"loggingConfiguration": [MESSAGE]})
CHAIN = tuple(
    replace(policy, order=order)
    for order, policy in enumerate(
        (MESSAGE_LOGGING, CLIENT_ID_ENFORCEMENT, SPIKE_CONTROL, RATE_LIMITING)
    )
)

Change = Callable[[Evaluation, Conclusion], Conclusion]


def wrapped(api: Api, change: Change) -> Api:
    """The API, every rule of which passes its verdicts through `change`."""
    policies = [CompiledPolicy(p.ref, SharedRule(p.rule.wrapped(change))) for p in api.policies]
    return Api(api.instance, tuple(policies), api.contracts, api.tiers)


class Recorder:
    """Notes what each policy said."""

    def __init__(self) -> None:
        self.said: list[tuple[str, object]] = []

    def note(self, evaluation: Evaluation, verdict: Conclusion) -> Conclusion:
        """Take down the verdict, and change nothing."""
        said = verdict.reason if isinstance(verdict, Deny) else type(verdict).__name__
        self.said.append((evaluation.policy.policy_type, said))
        return verdict

    def let_pass(self, evaluation: Evaluation, verdict: Conclusion) -> Conclusion:
        """Take down the verdict, and keep the policy from taking part."""
        self.note(evaluation, verdict)
        return CONTINUE


def test_an_effect_after_an_effect_is_wrapped_too() -> None:
    """`change` gets the verdict at the end, and not an effect in between."""
    second = UseOnce(("7", "p", "n"), 1.0, 60.0, lambda _: Deny(DenyReason.PROOF_INVALID, 401, ""))
    rule = always(Charge(((1, 1_000, "7", "p"),), lambda _: second))
    recorder = Recorder()
    api = wrapped(api_ruled_by("7", rule.evaluate), recorder.let_pass)
    first = decide(a_request(), api, 1)
    assert isinstance(first, Unsettled)
    then = first.settle(ADMITTED)
    assert isinstance(then, Unsettled)
    assert then.effect == second.judged_by(then.effect.settled)
    assert isinstance(then.settle(Usage()), Allowed)
    assert [said for _, said in recorder.said] == [DenyReason.PROOF_INVALID]


def gateways() -> tuple[Gateway, Gateway]:
    """Two gateways with the same policies and contracts, each with counters of its own."""
    clients = [contract("acme")]
    return Gateway(*CHAIN, contracts=clients), Gateway(*CHAIN, contracts=clients)


def test_recording_rules_tell_what_each_policy_said_up_to_the_one_that_denied() -> None:
    """Effects are settled first, so a limit tells its verdict and not that it wants to count."""
    gateway, _ = gateways()
    recorder = Recorder()
    gateway.api = wrapped(gateway.api, recorder.note)
    gateway.allows(a_request(credentials("acme", "secret")))
    asked = [
        ("message-logging", "Continue"),
        ("client-id-enforcement", "Identity"),
        ("spike-control", "Continue"),
    ]
    assert recorder.said == [*asked, ("rate-limiting", "Continue")]
    recorder.said.clear()
    gateway.denies(a_request(credentials("acme", "secret")), DenyReason.QUOTA_EXCEEDED, 429)
    assert recorder.said == [*asked, ("rate-limiting", DenyReason.QUOTA_EXCEEDED)]
    recorder.said.clear()
    gateway.denies(a_request(), DenyReason.CREDENTIALS_MISSING, 401)
    assert recorder.said == [asked[0], ("client-id-enforcement", DenyReason.CREDENTIALS_MISSING)]


@pytest.mark.parametrize(
    "request_", [a_request(), a_request(credentials("acme", "secret")), a_request(method="TRACE")]
)
def test_recording_changes_no_decision(request_: RequestAttributes) -> None:
    """Twice, so that the limit is used up the second time."""
    plain, recorded = gateways()
    recorded.api = wrapped(recorded.api, Recorder().note)
    for _ in range(2):
        assert recorded.ask(request_) == plain.ask(request_)
    assert recorded.messages == plain.messages


def test_a_policy_whose_verdicts_are_replaced_does_not_take_part() -> None:
    """What it would have said is known all the same."""
    gateway, _ = gateways()
    recorder = Recorder()
    gateway.api = wrapped(gateway.api, recorder.let_pass)
    assert gateway.allows(a_request()).identity is None
    gateway.allows(a_request())
    assert recorder.said.count(("rate-limiting", DenyReason.QUOTA_EXCEEDED)) == 1
    assert recorder.said.count(("client-id-enforcement", DenyReason.CREDENTIALS_MISSING)) == 2
