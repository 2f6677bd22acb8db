"""One reason why an environment file can't be applied."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from control_plane.errors import Invalid, Refused


class Mistake(NamedTuple):
    """What is wrong, and where: a path such as `apis.0.contracts.1.tier`."""

    path: str
    message: str


class MistakenFile(Invalid):
    """The file can't be applied. Nothing was changed."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        super().__init__("; ".join(f"{path}: {message}" for path, message in mistakes))
        self.mistakes = mistakes


@contextmanager
def refused_at(path: str) -> Iterator[None]:
    """Name the place in the file of what a use case refuses."""
    try:
        yield
    except MistakenFile:
        raise
    except Refused as error:
        raise MistakenFile([Mistake(path, error.message)]) from error
