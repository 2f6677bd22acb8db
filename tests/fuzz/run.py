"""Tries one target with messages from a seed, until a time or a number of messages is reached."""

from pathlib import Path
from random import Random
from time import monotonic
from typing import NamedTuple

from tests.fuzz.mutations import mutated
from tests.fuzz.targets import Target

_MOST_KEPT = 200
"""The most mutated messages that later ones begin with, besides the target's own."""


class Failure(NamedTuple):
    """The message that a target failed with, and why."""

    message: bytes
    error: Exception


class Result(NamedTuple):
    """How many messages were tried, how many of them were read, and what went wrong."""

    tried: int
    read: int
    failure: Failure | None = None


class Messages:
    """Mutated messages without end. The same seed gives the same ones, if the trials agree."""

    def __init__(self, first: list[bytes], seed: str) -> None:
        self._first = first
        self._kept: list[bytes] = []
        self._random = Random(seed)  # noqa: S311 - it picks tests and no secret; a seed repeats them

    def next(self) -> bytes:
        """The next one."""
        begin = self._random.choice([*self._first, *self._kept])
        return mutated(begin, self._first, self._random)

    def keep(self, message: bytes) -> None:
        """Let later messages begin with this one."""
        if len(self._kept) == _MOST_KEPT:
            self._kept.pop(self._random.randrange(_MOST_KEPT))
        self._kept.append(message)


def fuzz(target: Target, seed: str, *, seconds: float, most: int | None = None) -> Result:
    """Try messages until time is up, until `most` are tried, or until one fails."""
    end = monotonic() + seconds
    messages = Messages(target.messages, seed)
    tried = read = 0
    while tried != most and monotonic() < end:
        message = messages.next()
        tried += 1
        try:
            is_read = target.trial(message)
        except Exception as e:  # Any exception is a finding, and is reported.
            return Result(tried, read, Failure(message, e))
        if is_read:
            read += 1
            messages.keep(message)
    return Result(tried, read)


def saved(failure: Failure, directory: Path, name: str) -> Path:
    """Write the message into a file, and return its path."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{name}.bin"
    path.write_bytes(failure.message)
    return path
