"""Spans of work, for those who trace it: a port, so that nothing here depends on a library.

`CURRENT` is the sampled span of the work that runs now, or None. Tasks that the work starts have
it, too.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final, Protocol


class Span(Protocol):
    """Some work, from its start to its end. Its methods neither block nor raise."""

    def note(self, name: str, value: str | int) -> None:
        """Say something about the work. Never a secret."""

    def fail(self, kind: str) -> None:
        """The work failed; `kind` names an exception, without its message."""

    def end(self) -> None:
        """The work has ended."""


CURRENT: Final[ContextVar[Span | None]] = ContextVar("span", default=None)


class Tracer:
    """Base class of tracers; makes no spans."""

    def begin(self, name: str) -> Span | None:
        """Begin a span: a part of the current one, or else a trace of its own, if it is sampled."""

    def begin_wait(self, name: str) -> Span | None:
        """Begin the span of a wait for another server: a part of the current one, or none."""

    @contextmanager
    def span(self, name: str, **notes: str | int) -> Iterator[None]:
        """A span around a block, which is the current one in the block. Exceptions fail it."""
        span = self.begin(name)
        if span is None:
            yield
            return
        for about, value in notes.items():
            span.note(about, value)
        token = CURRENT.set(span)
        try:
            yield
        except BaseException as e:
            span.fail(type(e).__name__)
            raise
        finally:
            CURRENT.reset(token)
            span.end()


def fail_current(kind: str) -> None:
    """Fail the current span, if there is one."""
    span = CURRENT.get()
    if span is not None:
        span.fail(kind)
