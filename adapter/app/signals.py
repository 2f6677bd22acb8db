"""What signals do to a process that serves."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager


def stop_on_signals(stop: Callable[[], None], again: Callable[[], None] | None = None) -> None:
    """Call `stop` at the first SIGTERM or SIGINT, and `again` at the next ones.

    Without `again`, the second one ends the process at once.
    """
    loop = asyncio.get_running_loop()

    def first(number: signal.Signals) -> None:
        loop.remove_signal_handler(number)
        if again is not None:
            loop.add_signal_handler(number, again)
        stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, first, number)


@contextmanager
def reloading_on_hangup(reload: Callable[[], None]) -> Iterator[None]:
    """A context in which SIGHUP calls `reload` in the event loop; after it, SIGHUP does nothing."""
    loop = asyncio.get_running_loop()
    # Not by the loop, which would make the signal deadly for a moment when it gives it back.
    signal.signal(signal.SIGHUP, lambda *_: loop.call_soon_threadsafe(reload))
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
