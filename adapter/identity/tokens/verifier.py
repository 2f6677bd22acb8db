# mypyc: compiled
"""Settles `VerifyToken`: verifies tokens, and remembers those that are authentic."""

import asyncio
from collections import Counter
from collections.abc import Awaitable
from functools import partial
from hashlib import sha256
from typing import Final

from cachetools import LRUCache

from adapter.identity.jwks.key_sets import KeySets
from adapter.policy.effects.token import (
    NoKeys,
    RefusedToken,
    TokenState,
    VerifiedToken,
    VerifyToken,
)
from adapter.policy.tokens.claims import Lifetime, authenticate, authenticated_elsewhere
from adapter.policy.tokens.faults import TokenFault, UnknownKeyFault
from adapter.policy.tokens.jws import MAX_CHARS
from adapter.policy.tokens.keys import KeySet
from adapter.policy.tokens.trust import JwksSource, TokenTrust
from adapter.runtime.clock import Clock
from adapter.runtime.deferred import Deferred

_UNIT_CHARS: Final = 1_024
_LONGEST_WAIT_S: Final = 5.0
"""Used where Envoy sends no deadline."""
_ANSWER_IN: Final = 0.8
"""The part of Envoy's deadline that a Check may wait, so that our answer comes in time."""
_MOST_WAITING: Final = 1_000
_SHA_256: Final = sha256()
"""Copied for each token: OpenSSL takes longer to look up the algorithm than to copy this."""


class _Remembered:
    """An authentic token, and the keys by which it is."""

    __slots__ = ("keys", "lifetime", "outcome", "size")

    def __init__(
        self, outcome: VerifiedToken | RefusedToken, lifetime: Lifetime, keys: KeySet, size: int
    ) -> None:
        self.outcome: Final = outcome
        """Refused: its claims are not what the policy requires."""
        self.lifetime: Final = lifetime
        self.keys: Final = keys
        self.size: Final = size


class TokenVerifier:
    """Verifies tokens with the keys of policies.

    A token that was verified is remembered by its digest, together with what the policy trusts and
    the key set of that time. So a new key set, or a changed policy, makes every token be verified
    again. Only authentic tokens are remembered: invented ones evict nothing. What the policy
    requires of claims is checked once and remembered, too. Whether the token is valid now (`exp`
    and `nbf`) is checked each time.
    """

    def __init__(
        self, key_sets: KeySets, clock: Clock, *, max_remembered: int, clock_skew_s: float
    ) -> None:
        self.counts: Counter[str] = Counter()
        """Tokens by result."""
        self._key_sets = key_sets
        self._clock = clock
        self._skew_s = clock_skew_s
        self._waiting = 0
        # A token of more than 1,024 characters counts as several.
        self._remembered: LRUCache[tuple[bytes, TokenTrust], _Remembered] = LRUCache(
            max_remembered, getsizeof=lambda token: token.size
        )

    @property
    def remembered(self) -> float:
        """How much of the memory is used; a token of up to 1,024 characters counts 1."""
        return self._remembered.currsize

    def verified_by_envoy(self, effect: VerifyToken, payload: object) -> TokenState | None:
        """See `ports.TokenVerifier`."""
        if not isinstance(payload, dict):
            return None
        try:
            known = authenticated_elsewhere(effect.token, payload)
        except TokenFault:
            return None
        objection = known.lifetime.objection(self._clock.now(), self._skew_s)
        if objection is None:
            objection = effect.trust.objection(known.claims)
        if objection is not None:
            return self._refused(objection)
        self.counts["verified_by_envoy"] += 1
        return VerifiedToken(known.claims)

    def verify(self, effect: VerifyToken) -> TokenState | None:
        """See `ports.TokenVerifier`."""
        trust = effect.trust
        keys = self._keys(trust)
        if keys is None:
            return None
        try:
            return self._verified(effect.token, trust, keys)
        except UnknownKeyFault as e:
            return None if isinstance(trust.keys, JwksSource) else self._refused(str(e))
        except TokenFault as e:
            return self._refused(str(e))

    def verify_later(
        self, effect: VerifyToken, wait_at_most_s: float | None
    ) -> Awaitable[TokenState]:
        """See `ports.TokenVerifier`."""
        tried = self._keys(effect.trust)
        return Deferred(partial(self._verify_later, effect, wait_at_most_s, tried))

    async def _verify_later(
        self, effect: VerifyToken, wait_at_most_s: float | None, tried: KeySet | None
    ) -> TokenState:
        source = effect.trust.keys
        if not isinstance(source, JwksSource):
            raise TypeError("keys that a policy contains need not be fetched")
        longest_s = _LONGEST_WAIT_S if wait_at_most_s is None else wait_at_most_s * _ANSWER_IN
        if self._waiting >= _MOST_WAITING:
            return self._undecided(source, "too many requests wait for keys")
        self._waiting += 1
        try:
            found = await self._with_new_keys(effect, source, longest_s, tried)
        finally:
            self._waiting -= 1
        return found or self._undecided(source, self._key_sets.fault(source))

    async def _with_new_keys(
        self, effect: VerifyToken, source: JwksSource, longest_s: float, tried: KeySet | None
    ) -> TokenState | None:
        """Try again with each key set that comes in time. `tried` has been tried already."""
        deadline = self._clock.monotonic() + longest_s
        fetches = self._key_sets.refetch(source, longest_s)
        while True:
            # Also before the first wait: the keys may come from before a restart.
            keys = self._key_sets.current(source)
            found = None if keys is tried else self.verify(effect)
            if found is not None or not fetches:
                return found
            tried = keys
            left_s = max(deadline - self._clock.monotonic(), 0.0)
            ended, fetches = await asyncio.wait(
                fetches, timeout=left_s, return_when=asyncio.FIRST_COMPLETED
            )
            if not ended:
                return None

    def _keys(self, trust: TokenTrust) -> KeySet | None:
        keys = trust.keys
        return keys if isinstance(keys, KeySet) else self._key_sets.current(keys)

    def _verified(self, token: str, trust: TokenTrust, keys: KeySet) -> TokenState:
        if len(token) > MAX_CHARS or not token.isascii():
            raise TokenFault(f"it is not ASCII, or longer than {MAX_CHARS:,} characters")
        name = _digest(token), trust
        try:
            known = self._remembered[name]
        except KeyError:
            known = None
        if known is None or known.keys is not keys:
            known = self._remember(name, token, keys)
            result = "verified"
        else:
            result = "remembered"
        objection = known.lifetime.objection(self._clock.now(), self._skew_s)
        if objection is not None:
            raise TokenFault(objection)
        if isinstance(known.outcome, RefusedToken):
            result = "refused"
        self.counts[result] += 1
        return known.outcome

    def _remember(self, name: tuple[bytes, TokenTrust], token: str, keys: KeySet) -> _Remembered:
        """Verify the signature, and remember the token. Raises TokenFault."""
        trust = name[1]
        claims, lifetime = authenticate(token, trust.algorithms, keys)
        objection = trust.objection(claims)
        outcome = VerifiedToken(claims) if objection is None else RefusedToken(objection)
        size = 1 + len(token) // _UNIT_CHARS
        known = _Remembered(outcome, lifetime, keys, size)
        if size <= self._remembered.maxsize:
            self._remembered[name] = known
        return known

    def _refused(self, why: str) -> RefusedToken:
        self.counts["refused"] += 1
        return RefusedToken(why)

    def _undecided(self, source: JwksSource, why: str) -> TokenState:
        """The answer where no fetch brought the right key in time."""
        if self._key_sets.current(source) is None:
            self.counts["no_keys"] += 1
            return NoKeys(f"the keys have not been fetched: {why or 'not in time'}")
        because = f"; a newer key set could not be fetched: {why}" if why else ""
        return self._refused(f"none of the keys verifies its signature{because}")


def _digest(token: str) -> bytes:
    digest = _SHA_256.copy()
    digest.update(token.encode())
    return digest.digest()
