"""The audit log: who changed what, when, and from where."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response, StreamingResponse

from control_plane.accounts.roles import Permission
from control_plane.clock import iso
from control_plane.errors import Invalid
from control_plane.management.audit_log import KINDS, AuditFilter, entries
from control_plane.pages.parameters import parameters
from control_plane.pages.visit import Visit, in_organization
from control_plane.spreadsheets import csv_line
from control_plane.store.tables import MAX_ID, AuditEntry

router = APIRouter(prefix="/audit")

AuditReader = Annotated[Visit, in_organization(Permission.AUDIT_READ)]

_PAGE_SIZE: Final = 50
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_EXPORT_SIZE: Final = 500
_COLUMNS: Final = (
    *("at", "actor", "role", "address", "action", "kind", "object_id", "api_id"),
    *("before", "after"),
)


@dataclass(frozen=True, slots=True)
class Question:
    """Which entries are asked for: the parameters of the page."""

    kind: str = ""
    id: str = ""
    api: str = ""
    actor: str = ""
    since: str = ""
    """A day in UTC, and so is `until`, which is within the range."""
    until: str = ""

    def filter(self) -> AuditFilter:
        """The question as the audit log understands it; raise Invalid, which names a parameter."""
        until = _day("until", self.until)
        if self.kind and self.kind not in KINDS.values():
            known = ", ".join(sorted(KINDS.values()))
            raise Invalid(f"kind: {self.kind[:50]!r} is not one of {known}")
        return AuditFilter(
            kind=self.kind or None,
            object_id=_number("id", self.id),
            api_id=_number("api", self.api),
            actor=self.actor or None,
            since=_day("since", self.since),
            until=None if until is None else _day_after(until),
        )

    def query(self, **more: Any) -> str:
        """The parameters as a query."""
        given = {name: getattr(self, name) for name in self.__slots__} | more
        return urlencode({name: value for name, value in given.items() if value not in ("", None)})


def _question(request: Request) -> Question:
    given = parameters(request)
    return Question(**{name: given.get(name, "")[:256] for name in Question.__slots__})


InQuestion = Annotated[Question, Depends(_question)]


@router.get("", name="audit")
def show(visit: AuditReader, question: InQuestion, request: Request) -> Response:
    """Entries, newest first; `before` is the entry after which the page begins."""
    before = _number("before", request.query_params.get("before", ""))
    found = _entries(visit, question, before, _PAGE_SIZE + 1)
    rows = found[:_PAGE_SIZE]
    older = question.query(before=rows[-1].id) if len(found) > _PAGE_SIZE else ""
    return visit.page(
        "audit.html",
        question=question,
        kinds=sorted(KINDS.values()),
        rows=rows,
        older=older and f"{visit.url('audit')}?{older}",
        newest=before is None,
        export=f"{visit.url('audit_csv')}?{question.query()}",
    )


@router.get("/entries.csv", name="audit_csv")
def export(visit: AuditReader, question: InQuestion) -> Response:
    """The same entries as CSV, all of them."""
    question.filter()
    headers = {"Content-Disposition": 'attachment; filename="audit-log.csv"'}
    return StreamingResponse(_lines(visit, question), media_type="text/csv", headers=headers)


def _lines(visit: Visit, question: Question) -> Iterator[str]:
    yield csv_line(_COLUMNS)
    before: int | None = None
    while found := _entries(visit, question, before, _EXPORT_SIZE):
        yield "".join(csv_line(_cells(entry)) for entry in found)
        before = found[-1].id


def _cells(entry: AuditEntry) -> list[Any]:
    values = [getattr(entry, name) for name in _COLUMNS]
    return [
        iso(value)
        if isinstance(value, datetime)
        else json.dumps(value, ensure_ascii=False)
        if isinstance(value, dict)
        else value
        for value in values
    ]


def _entries(visit: Visit, question: Question, before: int | None, limit: int) -> list[AuditEntry]:
    wanted, organization_id = question.filter(), visit.caller.organization_id
    with visit.reading() as session:
        return [*entries(session, organization_id, wanted, before_id=before, limit=limit)]


def _number(name: str, given: str) -> int | None:
    if not given:
        return None
    if not (given.isascii() and given.isdigit() and len(given) < 20):
        raise Invalid(f"{name}: {given!r} is not a number")
    return min(int(given), MAX_ID)


def _day(name: str, given: str) -> datetime | None:
    if not given:
        return None
    try:
        day = date.fromisoformat(given) if _DAY.fullmatch(given) else None
    except ValueError:
        day = None
    if day is None:
        raise Invalid(f"{name}: {given!r} is not a day, such as 2026-11-28")
    return datetime.combine(day, time(), UTC)


def _day_after(day: datetime) -> datetime | None:
    """The first moment after the day; None after the last day that there is."""
    return None if day.date() == date.max else day + timedelta(days=1)
