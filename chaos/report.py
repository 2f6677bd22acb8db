"""Writes the rows: on the terminal, and as docs/chaos.md."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from chaos.account import Row
from chaos.fault import Fault
from chaos.plan import FEW, Plan

_COLUMNS: Final = (
    *("fault", "requests", "wrong ALLOWs", "failed", "events sent", "received", "doubled", "lost"),
    "recovery, s",
)
_MUST_NOT: Final = "This must not happen, and its cause is not known yet."
_NAME_WIDTH: Final = 58

_INTRODUCTION: Final = Path(__file__).with_name("introduction.md")
"""The beginning of the page, with places for what a run measures."""


def heading() -> str:
    """The first line on the terminal."""
    return _line(_COLUMNS)


def line(row: Row) -> str:
    """A row on the terminal."""
    return _line(_cells(row))


def complaints(row: Row, fault: type[Fault]) -> list[str]:
    """What is wrong about a row; empty if it is as it must be."""
    wrong = {
        "requests were allowed that had to be denied": row.wrong_allows > 0,
        "events were doubled": row.events_doubled > 0,
        "requests failed": row.failed > 0 and not fault.may_fail,
        "events were lost": row.events_lost > 0 and not fault.may_lose,
        "it has not recovered in time": row.recovery_s is None,
    }
    return [text for text, holds in wrong.items() if holds]


def page(rows: Sequence[Row], plan: Plan, about: dict[str, Any]) -> str:
    """The text of docs/chaos.md."""
    machine = about["machine"]
    introduction = _INTRODUCTION.read_text().format(
        rate=plan.rate,
        few=len(FEW),
        date=datetime.now(UTC).date(),
        revision=about["versions"]["revision"],
        cores=machine["cores"],
        cpu=machine["cpu"],
        load=machine["load_before"],
    )
    lines = [_COLUMNS, ["---"] * len(_COLUMNS), *map(_cells, rows)]
    table = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
    stories = [_story(row, fault) for row, fault in zip(rows, plan.faults, strict=True)]
    return "\n".join([introduction, table, "", "## The faults", "", "\n\n".join(stories), ""])


def _story(row: Row, fault: type[Fault]) -> str:
    parts = [
        f"**{row.fault[0].upper()}{row.fault[1:]}.** {fault.story}",
        _what_clients_saw(row, fault),
    ]
    if row.events_lost:
        many = _many(row.events_lost, "event was", "events were")
        parts.append(f"{many} lost. {fault.may_lose or _MUST_NOT}")
    return " ".join(part.strip() for part in parts)


def _what_clients_saw(row: Row, fault: type[Fault]) -> str:
    if not row.failed:
        return "Clients noticed nothing."
    many = _many(row.failed, "request", "requests")
    return f"{many} of {row.requests:,} failed. {fault.may_fail or _MUST_NOT}"


def _many(number: int, one: str, more: str) -> str:
    return f"{number:,} {one if number == 1 else more}"


def _cells(row: Row) -> list[str]:
    recovery = "never" if row.recovery_s is None else f"{row.recovery_s:.1f}"
    return [row.fault, *(f"{number:,}" for number in row[1:-1]), recovery]


def _line(cells: Sequence[str]) -> str:
    return f"{cells[0]:{_NAME_WIDTH}}" + "".join(
        f"{cell:>{len(name) + 2}}" for cell, name in zip(cells[1:], _COLUMNS[1:], strict=True)
    )
