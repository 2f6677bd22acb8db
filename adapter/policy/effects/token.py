# mypyc: compiled
"""Effects that verify tokens."""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from mypy_extensions import mypyc_attr

from adapter.policy.concealed import Concealed
from adapter.policy.effects.effect import Effect, Outcome, Verdict
from adapter.policy.tokens.introspection import IntrospectionSource
from adapter.policy.tokens.trust import TokenTrust


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
        """A secret: anyone who has it can use it."""
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
