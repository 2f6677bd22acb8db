"""Tells the other workers what this one has synced."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from adapter.platform_client.relay.frames import EnvironmentState, api_frames, automated_frame
from adapter.platform_client.relay.wire import frame, read_question
from adapter.platform_client.sync.api_state import ApiState
from adapter.platform_client.sync.empty_list_guard import Policies
from adapter.platform_client.sync.synced_state import SyncedState
from adapter.runtime.fairness import in_slices

_APIS_AT_ONCE: Final = 50
"""APIs without a change that are looked at before Checks run."""


class RelaySender:
    """Answers each question with what has changed since the last one on the same connection."""

    def __init__(self, state: SyncedState, path: Path) -> None:
        self._state = state
        self._path = path
        self._connections: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Serve until cancelled. The directory of the socket must be private."""
        server = await asyncio.start_unix_server(self._accepted, self._path)
        try:
            self._path.chmod(0o600)
            await asyncio.Event().wait()
        finally:
            server.close()
            for connection in tuple(self._connections):
                connection.cancel()
            await asyncio.gather(*self._connections, return_exceptions=True)

    def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer), name="relay.connection")
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sent = Sent()
        try:
            while True:
                await read_question(reader)
                async for frames in in_slices(sent.answer(self._state), 1):
                    writer.writelines(frames)
                    await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            return  # the other worker has ended, or asks again on a new connection
        finally:
            writer.close()


class Sent:
    """What the receiver at the other end of one connection knows already."""

    def __init__(self) -> None:
        self._automated: Policies | None = None
        self._states: dict[str, ApiState] = {}

    def answer(self, state: SyncedState) -> Iterator[bytes]:
        """The frames of an answer. Some are empty, to let Checks run while nothing has changed."""
        environment = state.environment
        settled = state.all_settled
        if settled:
            yield from self._changes(state)
            # If a policy was moved from an API to the automated ones meanwhile, the API must not
            # arrive without them.
            while environment.automated != self._automated:
                yield from self._changes(state)
        yield frame(
            "end",
            *EnvironmentState(
                settled,
                environment.last_contact,
                environment.automated_revision,
                environment.instances_revision,
                environment.automated_poll.last_error,
            ),
        )

    def _changes(self, state: SyncedState) -> Iterator[bytes]:
        automated = state.environment.automated
        if automated is not None and automated != self._automated:
            yield automated_frame(automated)
        self._automated = automated
        yield from self._api_changes(state)

    def _api_changes(self, state: SyncedState) -> Iterator[bytes]:
        for number, api in enumerate(state.apis):
            if number % _APIS_AT_ONCE == 0:
                yield b""
            now, before = api.state, self._states.get(api.api_id)
            if now == before:
                continue
            same = before is not None and before.content == now.content
            yield from api_frames(now, None if same else now.content)
            self._states[api.api_id] = now
        removed = [api_id for api_id in self._states if state.apis.get(api_id) is None]
        if removed:
            yield frame("removed", *removed)
        for api_id in removed:
            del self._states[api_id]
