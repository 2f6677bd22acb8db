"""Mistakes in a file that a command reads, each with its place."""

from collections.abc import Sequence
from typing import NamedTuple

from control_plane.errors import ControlPlaneError


class Mistake(NamedTuple):
    """What is wrong, and where: a path such as `apis.0.policies.1`, and a line if it is known."""

    path: str
    message: str
    line: int | None = None


class MistakenFileError(ControlPlaneError):
    """A file can't be used. The message has a line for each mistake."""

    def __init__(self, name: str, mistakes: Sequence[Mistake]) -> None:
        lines = (_line(name, mistake) for mistake in mistakes)
        super().__init__("\n".join([f"{name} can't be used", *lines]))


def _line(name: str, mistake: Mistake) -> str:
    place = name if mistake.line is None else f"{name}:{mistake.line}"
    return ": ".join(part for part in (place, mistake.path, mistake.message) if part)
