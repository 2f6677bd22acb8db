"""What the field blocks of a client that traces have in common.

With tracing on a block is the one before with a new `traceparent` in it. Since that enters HPACK's
table, each older entry has a number one higher in the next block (RFC 7541, 2.3.3), and in nothing
else do the octets around it differ. Seen as one long number they are higher by a known step.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from adapter.transport.http2.header_fields import NEW, Field

FIRST_DYNAMIC: Final = 62
"""The number of the newest entry; smaller ones are the static table's (RFC 7541, 2.3.3)."""
LAST_SHORT: Final = 126
"""The greatest number that takes one octet (5.1)."""
_FIRST_DYNAMIC_OCTET: Final = 0x80 | FIRST_DYNAMIC
_LARGEST_BLOCK: Final = 1024


class Run(NamedTuple):
    """The octets of fields in a row none of which is new."""

    size: int
    number: int
    """Those octets, read as a number."""
    step: int
    """How much greater the number is for each entry that enters the table."""
    inserted: int
    """How many entries had entered the table when the octets were so."""
    highest: int
    """The number of the oldest dynamic entry that they named then; 0 if none."""
    fields: int


class Outline(NamedTuple):
    """A block without its new fields: one stands between each run and the next."""

    shape: tuple[Field, ...]
    runs: tuple[Run, ...]


NO_OUTLINE: Final = Outline((), ())


def outline(
    block: bytes, shape: tuple[Field, ...], starts: Sequence[int], inserted: Sequence[int]
) -> Outline:
    """The outline of a block; `NO_OUTLINE` where something in it does not move in steps.

    `starts` says where each field begins, `inserted` how many entries had entered the table before
    each run.
    """
    if starts[0] or len(block) > _LARGEST_BLOCK:
        return NO_OUTLINE
    bounds = [*starts, len(block)]
    runs: list[Run] = []
    first = 0
    for index, held in enumerate((*shape, NEW)):
        if held is NEW:
            run = _run(block, bounds[first : index + 1], inserted[len(runs)])
            if run is None:
                return NO_OUTLINE
            runs.append(run)
            first = index + 1
    return Outline(shape, tuple(runs))


def _run(block: bytes, bounds: Sequence[int], inserted: int) -> Run | None:
    begin, end = bounds[0], bounds[-1]
    steps = bytearray(end - begin)
    highest = 0
    for start in bounds[:-1]:
        octet = block[start]
        if octet >= _FIRST_DYNAMIC_OCTET:
            steps[start - begin] = 1
            highest = max(highest, octet & 0x7F)
        if not (0x80 < octet < 0xFF or _is_lasting_literal(octet)):
            return None
    number = int.from_bytes(block[begin:end])
    return Run(end - begin, number, int.from_bytes(steps), inserted, highest, len(bounds) - 1)


def _is_lasting_literal(octet: int) -> bool:
    """Whether a literal begins so that stays out of the table and takes no name from it."""
    return octet < 0x20 and octet & 0x0F != 0x0F
