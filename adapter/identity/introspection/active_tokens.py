"""The memory of active tokens, bounded for each source and altogether."""

from typing import Final, NamedTuple

from cachetools import LRUCache

from adapter.policy.effects.token import VerifiedToken
from adapter.policy.tokens.introspection import IntrospectionSource
from adapter.runtime.clock import MonotonicTime


class _Remembered(NamedTuple):
    """A token, and until when it may be used without asking."""

    outcome: VerifiedToken
    until: float
    size: int


class _Tokens:
    """The tokens of one source."""

    def __init__(self, most: int) -> None:
        self.by_digest: Final = LRUCache[bytes, _Remembered](
            most, getsizeof=lambda token: token.size
        )
        self.until = 0.0
        """When the last of them has to be forgotten."""


class ActiveTokens:
    """Remembers active tokens by digest; the least recently used are dropped first.

    Each source has as many places as its policy says. If all sources together need more than
    `most`, the source with the most tokens loses some. A token with a long answer needs several
    places.
    """

    def __init__(self, most: int) -> None:
        self.used = 0.0
        """Places in use."""
        self.evicted = 0
        """Tokens dropped for want of places."""
        self._most = most
        self._sources: dict[bytes, _Tokens] = {}

    def get(
        self, source: IntrospectionSource, digest: bytes, now: MonotonicTime
    ) -> VerifiedToken | None:
        """The token, if it is remembered and still may be used."""
        tokens = self._sources.get(source.name)
        known = None if tokens is None else tokens.by_digest.get(digest)
        return known.outcome if known is not None and now < known.until else None

    def put(
        self,
        source: IntrospectionSource,
        digest: bytes,
        outcome: VerifiedToken,
        size: int,
        *,
        until: float,
        now: MonotonicTime,
    ) -> None:
        """Remember the token until that time. One that is larger than all places is not kept."""
        tokens = self._tokens(source, now)
        kept = tokens.by_digest
        if size > kept.maxsize:
            return
        places, others = kept.currsize, len(kept) - (digest in kept)
        kept[digest] = _Remembered(outcome, until, size)
        self.evicted += others + 1 - len(kept)
        self.used += kept.currsize - places
        tokens.until = max(tokens.until, until)
        self._make_room()

    def _tokens(self, source: IntrospectionSource, now: MonotonicTime) -> _Tokens:
        tokens = self._sources.get(source.name)
        if tokens is None:
            self._forget_expired(now)
            most = min(source.max_remembered, self._most)
            tokens = self._sources[source.name] = _Tokens(most)
        return tokens

    def _make_room(self) -> None:
        while self.used > self._most:
            fullest = max(self._sources.values(), key=lambda tokens: tokens.by_digest.currsize)
            _, dropped = fullest.by_digest.popitem()
            self.used -= dropped.size
            self.evicted += 1

    def _forget_expired(self, now: MonotonicTime) -> None:
        """Drop sources without usable tokens, such as those of policies that were changed."""
        for name in [name for name, tokens in self._sources.items() if tokens.until <= now]:
            self.used -= self._sources.pop(name).by_digest.currsize
