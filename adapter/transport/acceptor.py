"""Accepting connections, also when the system has no file descriptor left for one."""

import asyncio
import errno
import os
import socket
from collections.abc import Callable
from typing import Final

import structlog

from adapter.runtime.clock import Clock, MonotonicTime

_BATCH: Final = 8
"""So many connections are accepted before others get their turn. Few, since those that have to
leave for them give their descriptors back only then."""
_PAUSE_S: Final = 1.0
_COMPLAINT_INTERVAL_S: Final = 60.0
_NO_DESCRIPTOR: Final = frozenset((errno.EMFILE, errno.ENFILE))


class AcceptFailures:
    """Counts connections that could not be accepted, and logs it once a minute at most."""

    def __init__(self, clock: Clock, count: Callable[[], None]) -> None:
        self._clock = clock
        self._count = count
        self._complained_at: MonotonicTime | None = None
        self._suppressed = 0
        self._log = structlog.get_logger()

    def add(self, address: str, error: OSError) -> None:
        """The listener at that address could not accept a connection."""
        self._count()
        now = self._clock.monotonic()
        if self._complained_at is not None and now - self._complained_at < _COMPLAINT_INTERVAL_S:
            self._suppressed += 1
            return
        self._log.error(
            "listener.accept_failed",
            address=address,
            error=error.strerror,
            suppressed=self._suppressed,
            fix="raise the limit of open files (ulimit -n, LimitNOFILE=, --ulimit nofile=)",
        )
        self._complained_at, self._suppressed = now, 0


class Acceptor:
    """Hands over what comes to one listening socket.

    It keeps one file descriptor in reserve. When the process has no other left, the reserve serves
    to accept the next connection and to close it at once: its client learns that it cannot be
    served, and the event loop does not spin on a connection that it cannot accept.
    """

    def __init__(
        self,
        listening: socket.socket,
        take: Callable[[socket.socket], None],
        failed: Callable[[OSError], None],
    ) -> None:
        self._listening = listening
        self._take = take
        self._failed = failed
        self._loop = asyncio.get_running_loop()
        self._resuming: asyncio.TimerHandle | None = None
        self._reserve: int | None = None
        self._resume()

    def stop(self) -> None:
        """Accept no more."""
        if self._resuming is not None:
            self._resuming.cancel()
        self._loop.remove_reader(self._listening)
        self._release_reserve()

    def _resume(self) -> None:
        self._resuming = None
        if self._reserve is None:
            self._reserve = _open_reserve()
        self._loop.add_reader(self._listening, self._accept)

    def _accept(self) -> None:
        for _ in range(_BATCH):
            try:
                connection, _ = self._listening.accept()
            except (BlockingIOError, InterruptedError):
                return
            except ConnectionAbortedError:
                continue
            except OSError as error:
                if error.errno not in _NO_DESCRIPTOR or self._reserve is None:
                    self._failed(error)
                    self._pause()
                    return
                # Without a descriptor accept() fails even where nobody waits.
                if not self._turn_away():
                    return
                self._failed(error)
            else:
                connection.setblocking(False)
                self._take(connection)

    def _turn_away(self) -> bool:
        """Close the connection that waits; tells whether there was one."""
        self._release_reserve()
        try:
            connection, _ = self._listening.accept()
            connection.close()
        except OSError:
            return False
        finally:
            self._reserve = _open_reserve()
        return True

    def _pause(self) -> None:
        self._loop.remove_reader(self._listening)
        self._resuming = self._loop.call_later(_PAUSE_S, self._resume)

    def _release_reserve(self) -> None:
        if self._reserve is not None:
            os.close(self._reserve)
            self._reserve = None


def _open_reserve() -> int | None:
    try:
        return os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
