"""The log of single requests: which ones are asked for, newest first, part by part."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Select, func, or_, select, tuple_

from control_plane.errors import Invalid
from control_plane.store.tables.events import event_ids, events

_AT: Final = events.c
_DENIED: Final = _AT.request_disposition != "PROCESSED"

_DECISION_ID: Final = re.compile("[0-9a-f]{20}")
"""The form of our adapters' ids; Envoy's request ids are UUIDs."""

NONE: Final = "(none)"
"""The value of a filter for requests that have no such thing."""


class Place(NamedTuple):
    """An event's place in the log."""

    received_ms: int
    event_id: str


@dataclass(frozen=True, slots=True)
class Search:
    """Which requests are asked for. Empty texts ask for all."""

    environment_id: str
    start_ms: int
    end_ms: int
    api_id: int | None = None
    client_id: str | None = None
    status: str = ""
    """A status such as `404`, a class such as `4xx`, or `denied`."""
    policy: str = ""
    method: str = ""
    path: str = ""
    """The beginning of a path, or a whole template such as `/orders/{id}`."""
    agent: str = ""
    id: str = ""
    """The id of the request, of the event, or of the decision."""
    decision_id: str = ""
    """It is found at any time, because it is what clients report, maybe days later."""

    def readings(self) -> Iterator["Search"]:
        """The search for a decision, if the id may be that of one, and that for a request.

        One after the other, because a database answers both at once without an index.
        """
        if _DECISION_ID.fullmatch(self.id):
            yield replace(self, id="", decision_id=self.id)
        yield self

    def conditions(self) -> list[ColumnElement[bool]]:
        """The search as SQL conditions; raise Invalid for a status that is none."""
        found = [_AT.environment_id == self.environment_id]
        if self.decision_id:
            found.append(_AT.decision_id == self.decision_id)
        else:
            found += [_AT.received_ms >= self.start_ms, _AT.received_ms < self.end_ms]
            if self.id:
                found.append(or_(_AT.transaction_id == self.id, _AT.event_id == self.id))
        if self.api_id is not None:
            found.append(_AT.api_id == self.api_id)
        if self.client_id is not None:
            found.append(_text(_AT.client_id, self.client_id or NONE))
        if self.status:
            found.append(_status(self.status))
        if self.policy:
            found += [_AT.policy_outcome.is_not(None), _policy(self.policy)]
        if self.method:
            found.append(_AT.verb == self.method)
        if self.path:
            found.append(_path(self.path))
        if self.agent:
            found.append(_text(_AT.agent, self.agent))
        return found


def search(wanted: Search, before: Place | None, limit: int) -> Select[Any]:
    """The newest requests, or those before a place."""
    order = tuple_(_AT.received_ms, _AT.event_id)
    found = select(events).where(*wanted.conditions())
    if before is not None:
        found = found.where(_AT.received_ms <= before.received_ms, order < tuple_(*before))
    return found.order_by(_AT.received_ms.desc(), _AT.event_id.desc()).limit(limit)


def one(organization_id: str, environment_id: str, event_id: str) -> Select[Any]:
    """The request of this event. Ids are unique in an organization, and lead to the time."""
    ids = event_ids.c
    received_ms = select(ids.received_ms).where(
        ids.organization_id == organization_id, ids.event_id == event_id
    )
    return select(events).where(
        _AT.environment_id == environment_id,
        _AT.received_ms == received_ms.scalar_subquery(),
        _AT.organization_id == organization_id,
        _AT.event_id == event_id,
    )


def _status(given: str) -> ColumnElement[bool]:
    if given == "denied":
        return _DENIED
    if len(given) == 3 and given[1:] == "xx" and given[0] in "12345":
        first = int(given[0]) * 100
        return ~_DENIED & _AT.status_code.between(first, first + 99)
    if given.isascii() and given.isdigit() and len(given) <= 3:
        return _AT.status_code == int(given)
    raise Invalid(f"status: {given[:50]!r} is not a status like 404, 4xx or denied")


def _path(given: str) -> ColumnElement[bool]:
    if "{" in given:
        return _AT.path_template == given
    # Not LIKE: in SQLite that ignores case, and paths don't.
    return func.substr(_AT.path, 1, len(given)) == given


def _policy(given: str) -> ColumnElement[bool]:
    return func.coalesce(_AT.policy_name, _AT.policy_id, NONE) == given


def _text(column: ColumnElement[Any], given: str) -> ColumnElement[bool]:
    return func.coalesce(column, "") == "" if given == NONE else column == given
