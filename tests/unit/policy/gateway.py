"""An API in one process: requests in, decisions out, time under the test's control."""

from collections.abc import Iterable, Mapping

from adapter.authorization.effect_ports import UseOncePort
from adapter.policy.catalog import ApiContent, ApiInstance, AppliedPolicy, PolicyRef, SlaTier
from adapter.policy.contracts.contract import Contract
from adapter.policy.decide import Unsettled, decide
from adapter.policy.decision import Allowed, Answered, Decision, Denied
from adapter.policy.effects.effect import Effect, Outcome
from adapter.policy.effects.log import LOGGED, Log, LogMessage
from adapter.policy.effects.quota import Charge, QuotaState, Throttle
from adapter.policy.effects.token import (
    Introspect,
    IntrospectionState,
    NoKeys,
    RefusedToken,
    VerifyToken,
)
from adapter.policy.effects.use import Usage, UseOnce
from adapter.policy.effects.user import Authenticate, Verification
from adapter.policy.evaluation import Evaluation
from adapter.policy.request.attributes import GivenAttributes, RequestAttributes
from adapter.policy.snapshot import contracts_by_client
from adapter.policy.verdicts import DenyReason, Identity
from adapter.quota.spike import SpikeThrottle
from support.defaults import memory_quotas, token_verifier
from tests.builders import api
from tests.rig.clock import ManualClock


class Gateway:
    """Decides on requests to one API."""

    def __init__(
        self,
        *policies: AppliedPolicy,
        contracts: Iterable[Contract] = (),
        tiers: Iterable[SlaTier] = (),
    ) -> None:
        self.clock = ManualClock()
        self.api = api("7", policies, contracts, tiers)
        self.quotas = memory_quotas(self.clock)
        self.spikes = SpikeThrottle(self.clock)
        self.tokens = token_verifier(self.clock)
        self.messages: list[LogMessage] = []
        self.passwords: dict[str, str] = {}
        """What the LDAP server knows, by user name."""
        self.introspected: dict[str, IntrospectionState] = {}
        """What the identity provider says, by token."""

    def ask(self, request: RequestAttributes) -> Decision:
        """The decision, with every effect settled at once."""
        step = decide(request, self.api, 1)
        while isinstance(step, Unsettled):
            step = step.settle(self._settled(request.check_id, step.effect))
        return step

    def _settled(self, check_id: str, effect: Effect) -> Outcome:
        if isinstance(effect, Charge):
            return self.quotas.charge(check_id, effect)
        if isinstance(effect, Throttle):
            state = self.spikes.throttle(check_id, effect, wait_at_most_s=0)
            assert isinstance(state, QuotaState)
            return state
        if isinstance(effect, Authenticate):
            right = self.passwords.get(effect.user_name) == effect.password
            return Verification(effect.user_name) if right else Verification("", "wrong password")
        if isinstance(effect, VerifyToken):
            return self.tokens.verify(effect) or NoKeys("no key set has been fetched")
        if isinstance(effect, Introspect):
            return self.introspected.get(effect.token, RefusedToken("not active"))
        if isinstance(effect, UseOnce):
            port = UseOncePort(self.quotas, self.clock, clock_skew_s=5)
            usage = port.settle(GivenAttributes(check_id), effect, 0.0)
            assert isinstance(usage, Usage)
            return usage
        assert isinstance(effect, Log)
        self.messages.extend(effect.messages)
        return LOGGED

    def allows(self, request: RequestAttributes) -> Allowed:
        """The decision, which must be Allowed."""
        decision = self.ask(request)
        assert isinstance(decision, Allowed), decision
        return decision

    def answers(self, request: RequestAttributes) -> Answered:
        """The decision, which must be to answer here."""
        decision = self.ask(request)
        assert isinstance(decision, Answered), decision
        return decision

    def denies(self, request: RequestAttributes, reason: DenyReason, status: int) -> Denied:
        """The decision, which must be that refusal."""
        decision = self.ask(request)
        assert isinstance(decision, Denied), decision
        assert (decision.deny.reason, decision.deny.status) == (reason, status), decision
        return decision


def set_headers(allowed: Allowed) -> tuple[tuple[str, str], ...]:
    """The request headers that the upstream shall see with these values."""
    return tuple((name, value) for name, value in allowed.edits if value is not None)


def removed_headers(allowed: Allowed) -> tuple[str, ...]:
    """The request headers that the upstream shall not see."""
    return tuple(name for name, value in allowed.edits if value is None)


def a_request(
    headers: Mapping[str, str] | None = None,
    *,
    path: str = "/",
    method: str = "GET",
    client_address: str | None = "192.0.2.1",
    authority: str = "api.test",
    api_id: str = "7",
    check_id: str = "",
    route_name: str = "",
    route_metadata: str = "",
    principal: str = "",
    certificate: str = "",
) -> GivenAttributes:
    """A request, all of whose attributes are given."""
    return GivenAttributes(
        check_id=check_id,
        method=method,
        path=path,
        authority=authority,
        scheme="https",
        protocol="HTTP/1.1",
        headers=headers or {},
        client_address=client_address,
        api_id=api_id,
        route_name=route_name,
        route_metadata=route_metadata,
        principal=principal,
        certificate=certificate,
    )


def an_evaluation(
    request: RequestAttributes,
    *,
    identity: Identity | None = None,
    contracts: Iterable[Contract] = (),
    policy_type: str = "test",
) -> Evaluation:
    """What a policy sees of a request."""
    content = ApiContent(
        ApiInstance("7", "orders"), contracts={c.contract_id: c for c in contracts}
    )
    policies = (PolicyRef(f"id-of-{policy_type}", policy_type),)
    found = contracts_by_client(content)
    evaluation = Evaluation(request, "7", found, content.tiers, policies)
    evaluation.identity = identity
    return evaluation


def credentials(client_id: str, secret: str | None = None) -> dict[str, str]:
    """Headers with a client's credentials."""
    return {"client_id": client_id} | ({} if secret is None else {"client_secret": secret})
