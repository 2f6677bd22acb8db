"""One request in, one decision out."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Literal

import pytest

from adapter.authorization.authorizer import Authorizer
from adapter.authorization.discovered_services import DiscoveredServices
from adapter.authorization.effect_ports import effect_ports
from adapter.authorization.ports import MessageLog, Throttler
from adapter.authorization.snapshot_store import SnapshotStore
from adapter.errors import StoreError
from adapter.policy.bindings import ApiBinding, BindingTable
from adapter.policy.catalog import ApiInstance, PolicyRef
from adapter.policy.compile import CompiledPolicy
from adapter.policy.decision import Allowed, Denied
from adapter.policy.effects.effect import Effect, Verdict
from adapter.policy.effects.kinds import EFFECT_KINDS
from adapter.policy.effects.log import Log, LogMessage
from adapter.policy.effects.quota import Charge, QuotaState, Throttle
from adapter.policy.evaluation import Evaluation
from adapter.policy.rule import Rule
from adapter.policy.rule_pool import SharedRule
from adapter.policy.snapshot import Api
from adapter.policy.verdicts import CONTINUE, Continue, Deny, DenyReason
from support.defaults import gatekeeper, ldap_users, token_introspector, token_verifier
from tests.rig.clock import FakeClock
from tests.unit.authorization.contact import Contact
from tests.unit.policy.gateway import a_request

EMPTY = Deny(DenyReason.QUOTA_EXCEEDED, 429, "Quota has been exceeded")


def charging(_: Evaluation) -> Verdict:
    """A policy that charges one window."""

    def settled(state: QuotaState) -> Continue | Deny:
        return CONTINUE if state.admitted else EMPTY

    return Charge(((1, 1000, "7", "1"),), settled)


class Quotas:
    """Answers every charge in the same way: at once, later, or with a failure."""

    def __init__(self, *, admitted: bool = True, wait: bool = False, broken: bool = False) -> None:
        self.admitted, self.wait, self.broken = admitted, wait, broken
        self.charged: list[str] = []

    def charge(self, check_id: str, charge: Charge) -> QuotaState | Awaitable[QuotaState]:
        """See `QuotaStore.charge`."""
        self.charged.append(check_id)
        if self.broken:
            raise StoreError("the quota store is down")
        state = QuotaState(self.admitted, (0,), (1000,))
        return self._later(state) if self.wait else state

    async def _later(self, state: QuotaState) -> QuotaState:
        await asyncio.sleep(0)
        return state


class Messages:
    """Keeps what is logged."""

    def __init__(self) -> None:
        self.offered: list[LogMessage] = []

    def offer(self, messages: Iterable[LogMessage]) -> None:
        """See `MessageLog`."""
        self.offered.extend(messages)


def authorizer(
    quotas: Quotas | None = None,
    *,
    rules: Iterable[Callable[[Evaluation], Verdict]] = (charging,),
    clock: FakeClock | None = None,
    throttler: Throttler | None = None,
    messages: MessageLog | None = None,
    unbound: Literal["deny", "allow"] = "deny",
) -> Authorizer:
    """Over one API, 7, with a policy that charges a window, or with the test's."""
    clock = clock or FakeClock()
    policies = tuple(
        CompiledPolicy(PolicyRef("1", "test"), SharedRule(Rule(rule))) for rule in rules
    )
    snapshots = SnapshotStore(clock)
    snapshots.publish([Api(ApiInstance("7", "orders"), policies)])
    bindings = BindingTable([ApiBinding("7", authority="api.example.com")])
    return Authorizer(
        snapshots,
        bindings,
        gatekeeper(clock, Contact()),
        clock,
        effect_ports(
            quotas=quotas or Quotas(),
            throttler=throttler or Throttled(),
            messages=messages or Messages(),
            users=ldap_users(FakeClock()),
            tokens=token_verifier(clock),
            introspector=token_introspector(clock),
            clock=clock,
            clock_skew_s=0,
        ),
        unbound=unbound,
        discovered=DiscoveredServices(),
    )


def test_effects_settled_in_memory_are_decided_at_once() -> None:
    """No task switch: the answer is there when the call returns."""
    quotas = Quotas()
    decision = authorizer(quotas).authorize(a_request(check_id="c1"))
    assert isinstance(decision, Allowed)
    assert quotas.charged == ["c1"]


async def test_effects_that_wait_are_decided_later() -> None:
    """A remote store suspends only this Check, and the decision is the same."""
    pending = authorizer(Quotas(wait=True)).authorize(a_request())
    assert isinstance(pending, Awaitable)
    assert isinstance(await pending, Allowed)
    denied = authorizer(Quotas(wait=True, admitted=False)).authorize(a_request())
    assert isinstance(denied, Awaitable)
    decision = await denied
    assert isinstance(decision, Denied)
    assert decision.deny is EMPTY


class Throttled:
    """Keeps how long each throttle may wait, and admits."""

    def __init__(self) -> None:
        self.waits_s: list[float | None] = []

    def throttle(
        self, check_id: str, throttle: Throttle, wait_at_most_s: float | None
    ) -> QuotaState:
        """See `Throttler`."""
        self.waits_s.append(wait_at_most_s)
        return QuotaState(admitted=True, remaining=(0,), reset_ms=(0,))


class SlowQuotas(Quotas):
    """Takes its time."""

    def __init__(self, clock: FakeClock, takes_s: float) -> None:
        super().__init__()
        self._clock, self._takes_s = clock, takes_s

    def charge(self, check_id: str, charge: Charge) -> Awaitable[QuotaState]:
        """See `QuotaStore`."""
        return self._charge()

    async def _charge(self) -> QuotaState:
        await self._clock.sleep(self._takes_s)
        return QuotaState(admitted=True, remaining=(0,), reset_ms=(0,))


def throttling(_: Evaluation) -> Verdict:
    """A policy that asks for a throttle."""
    return Throttle((1, 1, "7"), 0.1, 1, 1, lambda _: CONTINUE)


def logging(_: Evaluation) -> Verdict:
    """A policy that logs."""
    return Log((LogMessage("info", "c", "passed", "7"),))


EVERY_EFFECT = (charging, throttling, logging)


@pytest.mark.parametrize(("timeout_ms", "left_s"), [("500", 0.3), ("", None), ("100", -0.1)])
async def test_a_throttle_may_wait_for_what_is_left_of_envoys_deadline(
    timeout_ms: str, left_s: float | None
) -> None:
    """What other effects took is taken off; without a deadline there is no end."""
    clock, throttled, messages = FakeClock(), Throttled(), Messages()
    subject = authorizer(
        SlowQuotas(clock, 0.2),
        rules=EVERY_EFFECT,
        clock=clock,
        throttler=throttled,
        messages=messages,
    )
    pending = subject.authorize(a_request()._replace(timeout_ms=timeout_ms))
    assert isinstance(pending, Awaitable)
    task = asyncio.ensure_future(pending)
    await clock.advance(0.2)
    assert isinstance(task.result(), Allowed)
    assert throttled.waits_s == [left_s if left_s is None else pytest.approx(left_s)]
    assert [message.text for message in messages.offered] == ["passed"]


def test_effects_of_every_kind_settle_at_once() -> None:
    """Nothing waits where nothing has to."""
    throttled, messages = Throttled(), Messages()
    subject = authorizer(rules=EVERY_EFFECT, throttler=throttled, messages=messages)
    assert isinstance(subject.authorize(a_request()._replace(timeout_ms="500")), Allowed)
    assert throttled.waits_s == [0.5]
    assert len(messages.offered) == 1


@pytest.mark.parametrize("kind", EFFECT_KINDS)
def test_an_effect_without_a_port_is_an_error_when_the_authorizer_is_made(
    kind: type[Effect],
) -> None:
    """And not when the first request meets the policy that needs it."""
    clock = FakeClock()
    ports = effect_ports(
        quotas=Quotas(),
        throttler=Throttled(),
        messages=Messages(),
        users=ldap_users(clock),
        tokens=token_verifier(clock),
        introspector=token_introspector(clock),
        clock=clock,
        clock_skew_s=0,
    )
    del ports[kind]
    with pytest.raises(ValueError, match=f"no port settles these effects: {kind.__name__}$"):
        Authorizer(
            SnapshotStore(clock),
            BindingTable(),
            gatekeeper(clock, Contact()),
            clock,
            ports,
            unbound="deny",
            discovered=DiscoveredServices(),
        )


@pytest.mark.parametrize("nonsense", [None, True, "allow"])
def test_a_policy_that_says_nothing_known_is_an_error_not_a_decision(nonsense: Any) -> None:
    """A bug in a policy never allows a request."""
    for rule in (lambda _: nonsense, lambda _: Charge((), lambda _: nonsense)):
        with pytest.raises((AssertionError, TypeError)):
            authorizer(rules=[rule]).authorize(a_request())


def test_a_store_that_fails_is_an_error_not_a_decision() -> None:
    """What could not be settled is neither allowed nor denied by us."""
    with pytest.raises(StoreError):
        authorizer(Quotas(broken=True)).authorize(a_request())


def test_an_api_that_is_not_in_the_snapshot_is_denied_and_discovered() -> None:
    """A route that names a wrong API id shows up in the operator's list."""
    subject = authorizer()
    decision = subject.authorize(a_request(api_id="8", authority="unknown.example.com"))
    assert isinstance(decision, Denied)
    assert decision.deny.reason is DenyReason.API_UNKNOWN
    assert "'8'" in decision.deny.detail


def test_an_api_that_is_still_to_be_loaded_is_not_ready() -> None:
    """It would be wrong to call it unknown, while the first sync still runs."""
    clock, contact = FakeClock(), Contact()
    contact.awaited = {"7"}
    decision = Authorizer(
        SnapshotStore(clock),
        BindingTable(),
        gatekeeper(clock, contact),
        clock,
        effect_ports(
            quotas=Quotas(),
            throttler=Throttled(),
            messages=Messages(),
            users=ldap_users(FakeClock()),
            tokens=token_verifier(clock),
            introspector=token_introspector(clock),
            clock=clock,
            clock_skew_s=0,
        ),
        unbound="deny",
        discovered=DiscoveredServices(),
    ).authorize(a_request())
    assert isinstance(decision, Denied)
    assert (decision.deny.reason, decision.deny.status) == (DenyReason.NOT_READY, 503)
    assert decision.api == ApiInstance("7", "")


@pytest.mark.parametrize(("unbound", "kind"), [("deny", Denied), ("allow", Allowed)])
def test_unbound_requests_are_denied_unless_the_operator_says_otherwise(
    unbound: Literal["deny", "allow"], kind: type[object]
) -> None:
    """Zero trust by default."""
    decision = authorizer(unbound=unbound).authorize(a_request(api_id="", authority="other.test"))
    assert isinstance(decision, kind)


def test_letting_unbound_requests_pass_does_not_pass_bindings_that_cannot_be_trusted() -> None:
    """At a sidecar a client could name an unbound host, and would reach the bound API's service."""
    request = a_request(api_id="", authority="other.test")
    request = request._replace(destination_principal="spiffe://a/b")
    assert isinstance(authorizer(unbound="allow").authorize(request), Denied)


def test_letting_unbound_requests_pass_does_not_pass_ambiguous_ones() -> None:
    """Two hosts in one request are refused whatever the operator says of unbound requests."""
    request = a_request(api_id="", authority="api.example.com,other.test")
    decision = authorizer(unbound="allow").authorize(request)
    assert isinstance(decision, Denied)
    assert decision.deny.reason is DenyReason.AMBIGUOUS_HOST
