"""The key set at one URL, kept up to date."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from math import inf
from typing import Final, TypeAlias

import structlog

from adapter.errors import PolicyError, ProviderError
from adapter.identity.jwks.observer import FetchResult, KeySetObserver
from adapter.policy.tokens.jwk import KeySetDocument, read_key_set
from adapter.policy.tokens.keys import KeySet
from adapter.policy.tokens.trust import JwksSource
from adapter.runtime.backoff import Backoff
from adapter.runtime.clock import Clock, WallTime

FetchKeys: TypeAlias = Callable[[str, float], Awaitable[bytes]]
"""Fetches the document at a URL within so many seconds. Raises ProviderError or PolicyError."""

_FIRST_WAIT_S: Final = 1.0
_LONGEST_WAIT_S: Final = 60.0
_NEW_KEYS_COOLDOWN_S: Final = 1.0
"""The longest cool-down after a fetch that brought new keys."""
_LARGE_BYTES: Final = 32 * 1024
"""Reading a larger document takes longer than Checks should wait, so a thread does it."""


class RemoteKeySet:
    """The key set of one URL. If a fetch fails, the last good set stays in use.

    A fetch begins when the set's time to live is over, after a failure with back-off, and when a
    token names a key that is not in the set. If such a fetch brings nothing new, no other one
    begins for `cooldown_s`, so that invented key ids cause little traffic.
    """

    def __init__(
        self,
        url: str,
        fetch: FetchKeys,
        clock: Clock,
        *,
        cooldown_s: float,
        changed: Callable[[], None],
        observer: KeySetObserver,
    ) -> None:
        self.url: Final = url
        self.ttl_s = inf
        self.timeout_s = 0.0
        self.keys: KeySet | None = None
        self.document = b""
        """What the URL returned: the source of `keys`."""
        self._entries: frozenset[str] = frozenset()
        self.fetched_at: WallTime | None = None
        self.fault = ""
        """Why the last fetch failed; empty if it did not."""
        self.key_faults: tuple[str, ...] = ()
        """What is wrong with keys that were left out."""
        self._fetch_document = fetch
        self._clock = clock
        self._cooldown_s = cooldown_s
        self._changed = changed
        self._observer = observer
        self._due_at: float = clock.monotonic()
        self._cool_at: float = clock.monotonic()
        self._running: asyncio.Task[None] | None = None
        self._backoff = Backoff(_FIRST_WAIT_S, _LONGEST_WAIT_S, random.random)

    @property
    def _is_fetching(self) -> bool:
        return self._running is not None and not self._running.done()

    @property
    def shown(self) -> str:
        """The URL for operators, without its query, which may hold a secret."""
        return self.url.partition("?")[0]

    def serve(self, source: JwksSource) -> None:
        """Respect the times of one more source."""
        self.ttl_s = min(self.ttl_s, source.ttl_s)
        self.timeout_s = max(self.timeout_s, source.timeout_s)

    def restore(self, document: bytes, fetched_at: WallTime) -> None:
        """Use a document from before a restart until the first fetch succeeds."""
        try:
            self._take(document, read_key_set(document), fetched_at)
        except ValueError as e:
            self.fault = f"the key set from before the restart cannot be used: {e}"

    def fetch_if_due(self) -> None:
        """Begin a fetch if it is time for one."""
        if not self._is_fetching and self._clock.monotonic() >= self._due_at:
            self._running = asyncio.create_task(self._fetch())

    def first_fetch(self) -> "asyncio.Task[None] | None":
        """The fetch that runs, if there are no keys yet; None if there are, or if one failed."""
        if self.keys is not None or self.fault:
            return None
        self.fetch_if_due()
        return self._running

    def refetch(self, within_s: float) -> "asyncio.Task[None] | None":
        """The fetch that runs, or one that begins within that time; None if it would be later."""
        if not self._is_fetching:
            rest_s = self._cool_at - self._clock.monotonic()
            if rest_s > within_s:
                return None
            self._running = asyncio.create_task(self._search(rest_s))
        return self._running

    async def close(self) -> None:
        """End the fetch that runs."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)

    async def _search(self, rest_s: float) -> None:
        """Fetch the set because a key is not in it, after the rest of the cool-down."""
        if rest_s > 0:
            await self._clock.sleep(rest_s)
        before, began_at = self.keys, self._clock.monotonic()
        await self._fetch()
        is_new = self.keys is not before
        self._cool_at = began_at + min(self._cooldown_s, _NEW_KEYS_COOLDOWN_S if is_new else inf)

    async def _fetch(self) -> None:
        """Fetch the set once. Raises nothing: what goes wrong is a fault that operators see."""
        try:
            document = await self._fetch_document(self.url, self.timeout_s)
            found = await _read(document)
        except ProviderError as e:
            self._note_failure("unreachable", str(e))
        except PolicyError as e:
            self._note_failure("refused", str(e))
        except ValueError as e:
            self._note_failure("unusable", f"{self.shown}: {e}")
        except Exception:
            structlog.get_logger().exception("keys.fetch_failed", url=self.shown)
            self._note_failure("unreachable", "an unforeseen error; see the log")
        else:
            self._note_success(document, found)

    def _note_success(self, document: bytes, found: KeySetDocument) -> None:
        self._backoff.succeeded()
        self._due_at = self._clock.monotonic() + self.ttl_s
        if self.fault:
            structlog.get_logger().info("keys.fetched_again", url=self.shown)
        self.fault = ""
        self._observer.fetched("succeeded")
        self._take(document, found, self._clock.now())

    def _take(self, document: bytes, found: KeySetDocument, fetched_at: WallTime) -> None:
        self.fetched_at = fetched_at
        if found.entries == self._entries:
            return
        if found.faults and found.faults != self.key_faults:
            structlog.get_logger().warning("keys.left_out", url=self.shown, faults=found.faults[:5])
        self.keys, self.key_faults, self.document = found.keys, found.faults, document
        self._entries = found.entries
        self._changed()

    def _note_failure(self, result: FetchResult, fault: str) -> None:
        self._due_at = self._clock.monotonic() + min(self._backoff.failed(), self.ttl_s)
        self._observer.fetched(result)
        if fault != self.fault:
            structlog.get_logger().warning("keys.not_fetched", url=self.shown, reason=fault)
        self.fault = fault


async def _read(document: bytes) -> KeySetDocument:
    if len(document) > _LARGE_BYTES:
        return await asyncio.to_thread(read_key_set, document)
    return read_key_set(document)
