"""Accepts connections, even when no file descriptor is left."""

import asyncio
import errno
import os
import socket
from collections.abc import Callable
from typing import Final

import structlog

from adapter.runtime.clock import Clock, MonotonicTime

_BATCH: Final = 8
"""Connections accepted before other work runs. Few, because connections that are closed to make
room free their descriptors only after that."""
_PAUSE_S: Final = 1.0
_LOG_INTERVAL_S: Final = 60.0
_NO_DESCRIPTOR: Final = frozenset((errno.EMFILE, errno.ENFILE))


class AcceptFailures:
    """Counts connections that could not be accepted, and logs at most once a minute."""

    def __init__(self, clock: Clock, count: Callable[[], None]) -> None:
        self._clock = clock
        self._count = count
        self._logged_at: MonotonicTime | None = None
        self._suppressed = 0
        self._log = structlog.get_logger()

    def add(self, address: str, error: OSError) -> None:
        """Report that the listener at this address could not accept a connection."""
        self._count()
        now = self._clock.monotonic()
        if self._logged_at is not None and now - self._logged_at < _LOG_INTERVAL_S:
            self._suppressed += 1
            return
        self._log.error(
            "listener.accept_failed",
            address=address,
            error=error.strerror,
            suppressed=self._suppressed,
            fix="raise the limit of open files (ulimit -n, LimitNOFILE=, --ulimit nofile=)",
        )
        self._logged_at, self._suppressed = now, 0


class Acceptor:
    """Accepts the connections of one listening socket, and passes them on.

    It keeps one file descriptor in reserve. When no other descriptor is left, it uses the reserve
    to accept the next connection and close it at once. So the client learns that it is not served,
    and the event loop does not spin on a connection that it cannot accept.
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
        """Stop accepting."""
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
                # Without a free descriptor, accept() fails even if no connection waits.
                if not self._turn_away():
                    return
                self._failed(error)
            else:
                connection.setblocking(False)
                self._take(connection)

    def _turn_away(self) -> bool:
        """Close the waiting connection. Returns whether there was one."""
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
