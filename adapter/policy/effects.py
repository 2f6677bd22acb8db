# mypyc: compiled
"""Effects: what a policy asks of the outside world, and what it gets back.

A policy is a pure function, so it cannot count requests, wait or write a log. It returns an effect
instead. `adapter.authorization` has a port settle the effect and gives the outcome to the effect's
`settled`, which turns it into a verdict.

Example: `rate-limiting` returns a `Charge` of one window. The quota store finds no room and answers
`QuotaState(admitted=False, ...)`. The charge's `settled` turns that into `Deny(...)` with status
429.

A new kind of effect needs a subclass of `Effect` and one of `Outcome` here, an entry in
`EFFECT_KINDS`, a port in `authorization/ports.py` and an entry in `authorization/effect_ports.py`.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from mypy_extensions import mypyc_attr

from adapter.policy.concealed import Concealed
from adapter.policy.contracts.contract import Contract
from adapter.policy.ldap_directory import LdapDirectory
from adapter.policy.tokens.introspection import IntrospectionSource
from adapter.policy.tokens.trust import TokenTrust
from adapter.policy.value import Value
from adapter.policy.verdicts import CONTINUE, Conclusion, Continue, Identity

QuotaWindow: TypeAlias = tuple[int, int, *tuple[str, ...]]
"""Names one counter: maximum requests, period in milliseconds, and what is counted.

Example: `(100, 60_000, "7", "rate-limiting/12", "acme")`. The limit is part of the name, so an
edited limit starts a new window. It is one flat tuple because there may be a million of them.
"""


@mypyc_attr(acyclic=True)
class Outcome(Value):
    """What a port found when it settled an effect; each kind of effect has its own subclass.

    Anything else that a port returns has to be awaited.
    """

    __slots__ = ()


@mypyc_attr(acyclic=True)
class Effect(Value):
    """Something that only the outside world can settle; each kind is a subclass."""

    __slots__ = ("identity", "settled")

    def __init__(
        self, settled: Callable[[Any], "Verdict"], identity: Identity | None = None
    ) -> None:
        self.settled: Final = settled
        """Turns the outcome into a verdict, which may be another effect. Its argument is the
        `Outcome` of this kind of effect."""
        self.identity: Final = identity
        """The caller, if the policy found out: analytics show it for a denied request too."""

    def judged_by(self, settled: Callable[[Any], "Verdict"]) -> "Effect":
        """The same effect, but another function turns its outcome into a verdict."""
        raise NotImplementedError


Verdict: TypeAlias = Conclusion | Effect
"""What a policy says. An effect has to be settled first."""


@mypyc_attr(acyclic=True)
class QuotaState(Outcome):
    """The outcome of a charge or a throttle.

    A charge is admitted only if every window had room; then all windows were charged.
    """

    __slots__ = ("admitted", "remaining", "reset_ms", "unknown")

    def __init__(
        self,
        admitted: bool,
        remaining: tuple[int, ...],
        reset_ms: tuple[int, ...],
        unknown: str = "",
    ) -> None:
        self.admitted: Final = admitted
        self.remaining: Final = remaining
        """Requests left in each window after this one. Empty, like `reset_ms`, if the charge did
        not ask for figures (`Charge.figures`)."""
        self.reset_ms: Final = reset_ms
        """Milliseconds until each window ends."""
        self.unknown: Final = unknown
        """Why nobody could count, for operators; the request is then denied. Empty if it was
        counted."""

    def held(self) -> tuple[Any, ...]:
        """See `Value`."""
        return self.admitted, self.remaining, self.reset_ms, self.unknown


ADMITTED: Final = QuotaState(admitted=True, remaining=(), reset_ms=())
"""The most common outcome of a charge that asks for no figures."""


@mypyc_attr(acyclic=True)
class Charge(Effect):
    """Charges all quota windows if every one has room, else none."""

    __slots__ = ("contract", "figures", "local", "must_count", "windows")

    def __init__(
        self,
        windows: tuple[QuotaWindow, ...],
        settled: Callable[[QuotaState], Verdict],
        local: bool = False,
        identity: Identity | None = None,
        figures: bool = True,
        contract: Contract | None = None,
        must_count: bool = False,
    ) -> None:
        super().__init__(settled, identity)
        self.windows: Final = windows
        self.local: Final = local
        """Count in this process only, even with a shared store (`clusterizable: false`)."""
        self.figures: Final = figures
        """Whether an admitted request needs to know what is left. Working that out costs more than
        the charge itself."""
        self.contract: Final = contract
        """The contract whose requests the windows count, if they count one contract's. A store in
        this process can then keep its counter at the contract (`Contract.counter`)."""
        self.must_count: Final = must_count
        """Never admit it uncounted: without a shared store, this process counts, whatever the
        operator chose for quotas (`quota.when_down`)."""

    def held(self) -> tuple[Any, ...]:
        """See `Value`."""
        return (
            self.windows,
            self.settled,
            self.local,
            self.identity,
            self.figures,
            self.contract,
            self.must_count,
        )

    def judged_by(self, settled: Callable[[Any], Verdict]) -> "Charge":
        """See `Effect`."""
        return Charge(
            self.windows,
            settled,
            self.local,
            self.identity,
            self.figures,
            self.contract,
            self.must_count,
        )


@mypyc_attr(acyclic=True)
class Throttle(Effect):
    """Spike control: admits the request, or lets it wait and asks again a few times."""

    __slots__ = ("attempts", "delay_s", "waiting_limit", "window")

    def __init__(
        self,
        window: QuotaWindow,
        delay_s: float,
        attempts: int,
        waiting_limit: int,
        settled: Callable[[QuotaState], Verdict],
    ) -> None:
        super().__init__(settled)
        self.window: Final = window
        """A sliding window: a request counts for one period from its arrival."""
        self.delay_s: Final = delay_s
        self.attempts: Final = attempts
        """How often to ask again, each time after `delay_s`."""
        self.waiting_limit: Final = waiting_limit
        """How many requests may wait at the same time."""

    def held(self) -> tuple[Any, ...]:
        """See `Value`."""
        return self.window, self.delay_s, self.attempts, self.waiting_limit, self.settled

    def judged_by(self, settled: Callable[[Any], Verdict]) -> "Throttle":
        """See `Effect`."""
        return Throttle(self.window, self.delay_s, self.attempts, self.waiting_limit, settled)


class LogMessage(NamedTuple):
    """A line for the log: one line of text without control characters."""

    level: Literal["debug", "info", "warning", "error"]
    category: str
    text: str
    api_id: str


@mypyc_attr(acyclic=True)
class Logged(Outcome):
    """The outcome of a log effect: the messages were taken or dropped."""

    __slots__ = ()

    def held(self) -> tuple[Any, ...]:
        """See `Value`."""
        return ()


LOGGED: Final = Logged()


def _go_on(_: Logged) -> Continue:
    return CONTINUE


@mypyc_attr(acyclic=True)
class Log(Effect):
    """Writes messages to the log. Whether that works does not change the decision."""

    __slots__ = ("messages",)

    def __init__(
        self,
        messages: tuple[LogMessage, ...],
        settled: Callable[[Logged], Verdict] = _go_on,
    ) -> None:
        super().__init__(settled)
        self.messages: Final = messages

    def held(self) -> tuple[Any, ...]:
        """See `Value`."""
        return self.messages, self.settled

    def judged_by(self, settled: Callable[[Any], Verdict]) -> "Log":
        """See `Effect`."""
        return Log(self.messages, settled)


@mypyc_attr(acyclic=True)
class Verification(Outcome):
    """The outcome of an authenticate effect: who the user is, or why nobody was recognised."""

    __slots__ = ("principal", "refusal")

    def __init__(self, principal: str, refusal: str = "") -> None:
        self.principal: Final = principal
        self.refusal: Final = refusal
        """For operators. Empty if the user was authenticated."""

    def held(self) -> tuple[Any, ...]:
        """See `Value`."""
        return self.principal, self.refusal


@mypyc_attr(acyclic=True)
class Authenticate(Effect):
    """Asks an LDAP server whether this user has this password."""

    __slots__ = ("directory", "password", "user_name")

    def __init__(
        self,
        directory: LdapDirectory,
        user_name: str,
        password: Concealed,
        settled: Callable[[Verification], Verdict],
    ) -> None:
        super().__init__(settled)
        self.directory: Final = directory
        self.user_name: Final = user_name
        self.password: Final = password
        """Never empty: many LDAP servers accept an empty one without checking the user (RFC 4513,
        5.1.2)."""

    def held(self) -> tuple[Any, ...]:
        """See `Value`."""
        return self.directory, self.user_name, self.password, self.settled

    def judged_by(self, settled: Callable[[Any], Verdict]) -> "Authenticate":
        """See `Effect`."""
        return Authenticate(self.directory, self.user_name, self.password, settled)


@mypyc_attr(acyclic=True)
class VerifiedToken(Outcome):
    """The token is authentic and valid now."""

    __slots__ = ("claims",)

    def __init__(self, claims: Mapping[str, Any]) -> None:
        self.claims: Final = claims
        """JSON values, with Decimal for exact fractions."""

    def held(self) -> tuple[Any, ...]:
        """See `Value`."""
        return (self.claims,)


@mypyc_attr(acyclic=True)
class RefusedToken(Outcome):
    """The token is not authentic, or not valid now."""

    __slots__ = ("why",)

    def __init__(self, why: str) -> None:
        self.why: Final = why
        """For operators. It does not contain the token."""

    def held(self) -> tuple[Any, ...]:
        """See `Value`."""
        return (self.why,)


@mypyc_attr(acyclic=True)
class NoKeys(Outcome):
    """Nobody can say whether the token is authentic, because there are no keys yet."""

    __slots__ = ("why",)

    def __init__(self, why: str) -> None:
        self.why: Final = why
        """For operators."""

    def held(self) -> tuple[Any, ...]:
        """See `Value`."""
        return (self.why,)


TokenState: TypeAlias = VerifiedToken | RefusedToken | NoKeys
"""The outcome of `VerifyToken`."""


@mypyc_attr(acyclic=True)
class VerifyToken(Effect):
    """Verifies who signed a token, and whether it is valid now."""

    __slots__ = ("token", "trust")

    def __init__(
        self, token: str, trust: TokenTrust, settled: Callable[[TokenState], Verdict]
    ) -> None:
        super().__init__(settled)
        self.token: Final = token
        """A secret: whoever has it can use it."""
        self.trust: Final = trust

    def held(self) -> tuple[Any, ...]:
        """See `Value`."""
        return self.token, self.trust, self.settled

    def __repr__(self) -> str:
        return "VerifyToken(...)"

    def judged_by(self, settled: Callable[[Any], Verdict]) -> "VerifyToken":
        """See `Effect`."""
        return VerifyToken(self.token, self.trust, settled)


@mypyc_attr(acyclic=True)
class UnusableAnswer(Outcome):
    """The identity provider answered something about the token that cannot be used."""

    __slots__ = ("why",)

    def __init__(self, why: str) -> None:
        self.why: Final = why
        """For operators. It does not contain the token."""

    def held(self) -> tuple[Any, ...]:
        """See `Value`."""
        return (self.why,)


IntrospectionState: TypeAlias = VerifiedToken | RefusedToken | UnusableAnswer
"""The outcome of `Introspect`."""


@mypyc_attr(acyclic=True)
class Introspect(Effect):
    """Asks an identity provider whether a token is active."""

    __slots__ = ("source", "token")

    def __init__(
        self,
        token: Concealed,
        source: IntrospectionSource,
        settled: Callable[[IntrospectionState], Verdict],
    ) -> None:
        super().__init__(settled)
        self.token: Final = token
        self.source: Final = source

    def held(self) -> tuple[Any, ...]:
        """See `Value`."""
        return self.token, self.source, self.settled

    def judged_by(self, settled: Callable[[Any], Verdict]) -> "Introspect":
        """See `Effect`."""
        return Introspect(self.token, self.source, settled)


@mypyc_attr(acyclic=True)
class Usage(Outcome):
    """The outcome of `UseOnce`."""

    __slots__ = ("objection", "unknown")

    def __init__(self, objection: str = "", unknown: str = "") -> None:
        self.objection: Final = objection
        """Why it may not be used now, for operators. Empty if this is its first use, in time."""
        self.unknown: Final = unknown
        """Why nobody can say whether it was used before, for operators."""

    def held(self) -> tuple[Any, ...]:
        """See `Value`."""
        return self.objection, self.unknown


@mypyc_attr(acyclic=True)
class UseOnce(Effect):
    """Uses something that a client made for one request, such as a proof. A second use fails."""

    __slots__ = ("issued_at", "max_age_s", "name")

    def __init__(
        self,
        name: tuple[str, str, str],
        issued_at: float,
        max_age_s: float,
        settled: Callable[[Usage], Verdict],
    ) -> None:
        super().__init__(settled)
        self.name: Final = name
        """The API, the policy, and a short text that nothing else is named."""
        self.issued_at: Final = issued_at
        """In seconds since the epoch, by the client's clock."""
        self.max_age_s: Final = max_age_s
        """How long after that it may be used."""

    def held(self) -> tuple[Any, ...]:
        """See `Value`."""
        return self.name, self.issued_at, self.max_age_s, self.settled

    def judged_by(self, settled: Callable[[Any], Verdict]) -> "UseOnce":
        """See `Effect`."""
        return UseOnce(self.name, self.issued_at, self.max_age_s, settled)


EFFECT_KINDS: Final[tuple[type[Effect], ...]] = (
    Charge,
    Throttle,
    Log,
    Authenticate,
    VerifyToken,
    Introspect,
    UseOnce,
)
"""Every kind of effect. The authorizer needs a port for each."""
