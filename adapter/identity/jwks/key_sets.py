"""All key sets that policies in force need."""

import asyncio
from collections.abc import Iterable, Iterator
from math import inf
from typing import Final

import structlog

from adapter.authorization.snapshot_store import SnapshotStore
from adapter.identity.jwks.key_set_file import KeySetFile, SavedKeySet
from adapter.identity.jwks.observer import KeySetObserver
from adapter.identity.jwks.remote_key_set import FetchKeys, RemoteKeySet
from adapter.policy.snapshot import Api, Snapshot
from adapter.policy.tokens.keys import KeySet
from adapter.policy.tokens.trust import JwksSource
from adapter.runtime.clock import Clock
from adapter.runtime.fairness import in_slices
from adapter.runtime.system_errors import system_words

_TICK_S: Final = 0.25
_SAVING_PAUSE_S: Final = 10.0
_FETCHES: Final = 8
_APIS_AT_ONCE: Final = 500


class KeySets:
    """The current keys of every source, and the fetches that keep them current.

    `run` follows the snapshot: it fetches the sets of new sources, and forgets sets that no policy
    needs any more.
    """

    def __init__(
        self,
        snapshots: SnapshotStore,
        fetch: FetchKeys,
        clock: Clock,
        *,
        cooldown_s: float,
        file: KeySetFile | None = None,
        observer: KeySetObserver | None = None,
    ) -> None:
        self.alarm = ""
        """What is wrong with the file."""
        self._snapshots = snapshots
        self._fetch_document = fetch
        self._clock = clock
        self._cooldown_s = cooldown_s
        self._file = file
        self._observer = observer or KeySetObserver()
        self._seen: Snapshot | None = None
        self._remotes: dict[str, RemoteKeySet] = {}
        self._sources: dict[JwksSource, tuple[RemoteKeySet, ...]] = {}
        self._current: dict[JwksSource, KeySet] = {}
        self._saved: dict[str, SavedKeySet] = {}
        self._unsaved = False
        self._save_at: float = clock.monotonic()
        self._fetching = asyncio.Semaphore(_FETCHES)
        self._following = asyncio.Lock()

    def current(self, source: JwksSource) -> KeySet | None:
        """The keys of all URLs of the source; None while there are none."""
        return self._current.get(source)

    def refetch(self, source: JwksSource, within_s: float) -> set[asyncio.Task[None]]:
        """The fetches of its URLs that run, or begin within that time; see `RemoteKeySet`."""
        fetches = (remote.refetch(within_s) for remote in self._added(source))
        return {fetch for fetch in fetches if fetch is not None}

    def fault(self, source: JwksSource) -> str:
        """Why its keys could not be fetched; empty if they could, or were not asked for yet."""
        return "; ".join(remote.fault for remote in self._sources.get(source, ()) if remote.fault)

    @property
    def remotes(self) -> Iterable[RemoteKeySet]:
        """The key set of each URL."""
        return tuple(self._remotes.values())

    async def restore(self) -> None:
        """Use what was kept over a restart, for the policies that are in force now."""
        if self._file is None:
            return
        try:
            self._saved = await asyncio.to_thread(self._file.read)
        except OSError as e:
            self._raise_alarm(f"the file of key sets cannot be read: {system_words(e)}")
        except (ValueError, TypeError, AttributeError) as e:
            aside = self._file.set_aside(self._clock.now())
            self._raise_alarm(f"the file of key sets cannot be used: {e}; {aside}")
        await self._follow_snapshot()

    async def run(self) -> None:
        """Keep all key sets up to date until cancelled."""
        while True:
            await self._follow_snapshot()
            for remote in self.remotes:
                remote.fetch_if_due()
            if self._clock.monotonic() >= self._save_at:
                await self.save()
            await self._clock.sleep(_TICK_S)

    async def await_first_keys(self, at_most_s: float) -> None:
        """Wait until each key set that policies in force need was fetched, or one attempt failed.

        Sets from before a restart count as fetched.
        """
        await self._follow_snapshot()
        fetches = [remote.first_fetch() for remote in self.remotes]
        first = [fetch for fetch in fetches if fetch is not None]
        if first:
            await asyncio.wait(first, timeout=at_most_s)

    async def save(self) -> None:
        """Write the file if a key set has changed. A disk that fails is an alarm only."""
        if self._file is None or not self._unsaved:
            return
        self._unsaved = False
        self._save_at = self._clock.monotonic() + _SAVING_PAUSE_S
        key_sets = {
            remote.url: SavedKeySet(remote.document, remote.fetched_at)
            for remote in self.remotes
            if remote.fetched_at is not None
        }
        try:
            await asyncio.to_thread(self._file.write, key_sets)
        except OSError as e:
            self._unsaved = True
            self._raise_alarm(f"the file of key sets cannot be written: {system_words(e)}")
        else:
            self.alarm = ""

    async def close(self) -> None:
        """End all fetches, and write what is new."""
        for remote in self.remotes:
            await remote.close()
        await self.save()

    async def _follow_snapshot(self) -> None:
        async with self._following:
            snapshot = self._snapshots.current
            if snapshot is not self._seen:
                await self._follow(snapshot)

    async def _follow(self, snapshot: Snapshot) -> None:
        in_force: set[JwksSource] = set()
        async for apis in in_slices(tuple(snapshot.apis.values()), _APIS_AT_ONCE):
            in_force.update(*map(_sources, apis))
        self._seen = snapshot
        for source in in_force:
            self._added(source)
        for source in self._sources.keys() - in_force:
            del self._sources[source]
            self._current.pop(source, None)
        await self._forget_unused()

    def _added(self, source: JwksSource) -> tuple[RemoteKeySet, ...]:
        """The sets of a source, which may be new."""
        remotes = self._sources.get(source)
        if remotes is None:
            remotes = self._sources[source] = tuple(map(self._remote, source.urls))
            for remote in remotes:
                remote.serve(source)
            self._join(source)
        return remotes

    def _remote(self, url: str) -> RemoteKeySet:
        remote = self._remotes.get(url)
        if remote is None:
            remote = self._remotes[url] = RemoteKeySet(
                url,
                self._fetch,
                self._clock,
                cooldown_s=self._cooldown_s,
                changed=lambda: self._note_change(url),
                observer=self._observer,
            )
            saved = self._saved.pop(url, None)
            if saved is not None:
                remote.restore(*saved)
        return remote

    def _set_times(self) -> None:
        """Policies with the same URL may have different times: fetch as often as one asks for."""
        for remote in self.remotes:
            remote.ttl_s, remote.timeout_s = inf, 0.0
        for source, remotes in self._sources.items():
            for remote in remotes:
                remote.serve(source)

    def _note_change(self, url: str) -> None:
        self._unsaved = True
        for source in self._sources:
            if url in source.urls:
                self._join(source)

    def _join(self, source: JwksSource) -> None:
        """Make one key set of those that its URLs have."""
        sets = [remote.keys for remote in self._sources[source] if remote.keys is not None]
        if len(sets) == 1:
            self._current[source] = sets[0]
        elif sets:
            self._current[source] = KeySet(key for keys in sets for key in keys.keys)

    async def _forget_unused(self) -> None:
        used = {url for source in self._sources for url in source.urls}
        for url in self._remotes.keys() - used:
            await self._remotes.pop(url).close()
            self._unsaved = True
        self._set_times()

    async def _fetch(self, url: str, timeout_s: float) -> bytes:
        async with self._fetching:
            return await self._fetch_document(url, timeout_s)

    def _raise_alarm(self, alarm: str) -> None:
        if alarm != self.alarm:
            structlog.get_logger().error("keys.file_failed", reason=alarm)
        self.alarm = alarm


def _sources(api: Api) -> Iterator[JwksSource]:
    """Where keys have to be fetched for the policies of an API."""
    for rule in api.rules:
        for need in rule.needs:
            if isinstance(need, JwksSource):
                yield need
