"""Which changes are not in force: what adapters reported, compared with what admins saved."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from control_plane.fleet import changes
from control_plane.fleet.changes import SLOW_PARTS, SLOW_POLL, Change, Part
from control_plane.fleet.states import Missing, State, Word, is_silent, state_of
from control_plane.store.tables import Adapter, ApiInstance

Reported = Mapping[str, Any]
"""One API in the details of a report."""

_FEW: Final = 20
"""API instances that are read one by one from the details of reports."""
_OF_ADAPTER: Final = frozenset({Part.AUTOMATED, Part.INSTANCES})


@dataclass(frozen=True, slots=True)
class ApiStanding:
    """An API instance on one adapter."""

    api_id: int
    name: str
    """Empty for an API instance that was deleted here."""
    state: State
    reported: Reported | None
    """What the report says; None if the adapter does not have it."""


@dataclass(frozen=True, slots=True)
class Rollout:
    """How far the last change of an API instance has come."""

    change: Change | None
    """None: the audit log has none any more."""
    adapters: Sequence[tuple[Adapter, State]]
    """Those that enforce the API instance, by their ids."""

    @property
    def live(self) -> int:
        """How many adapters are not silent."""
        return sum(state.word != Word.UNKNOWN for _, state in self.adapters)

    @property
    def running(self) -> int:
        """How many of them have it in force."""
        return sum(state.word == Word.IN_SYNC for _, state in self.adapters)

    @property
    def complete(self) -> bool:
        """Whether all adapters that are not silent have it in force."""
        return self.running == self.live


def interval(adapter: Adapter) -> timedelta:
    """The longest time between two reports, and how often the adapter polls."""
    return timedelta(milliseconds=adapter.interval_ms)


def silent(adapter: Adapter, now: datetime) -> bool:
    """Whether the adapter's reports are overdue."""
    return is_silent(adapter.reported_at, interval(adapter), now)


def dropped(outcomes: Mapping[str, int]) -> int:
    """The events that an adapter lost, of the counts in its report."""
    return sum(count for outcome, count in outcomes.items() if outcome.startswith("dropped"))


def of_adapters(
    session: Session,
    organization_id: str,
    environment_id: str,
    adapters: Sequence[Adapter],
    now: datetime,
) -> dict[int, State]:
    """The state of each adapter, by its row."""
    live = [adapter for adapter in adapters if not silent(adapter, now)]
    floor = min((adapter.floor for adapter in live), default=0)
    found = changes.since(session, organization_id, environment_id, floor) if live else ()
    reported = _reported(session, live, found)
    return {
        adapter.id: _of_adapter(adapter, reported.get(adapter.id, {}), found, now)
        for adapter in adapters
    }


def _reported(
    session: Session, adapters: Iterable[Adapter], found: Iterable[Change]
) -> dict[int, Mapping[str, Reported]]:
    """What each adapter reported of the API instances that changed: the details are large."""
    changed = {str(c.api_id) for c in found if c.part not in _OF_ADAPTER}
    if not changed:
        return {}
    if len(changed) > _FEW:
        return {adapter.id: adapter.details["apis"] for adapter in adapters}
    columns = [Adapter.details["apis"][api_id] for api_id in sorted(changed)]
    ids = [adapter.id for adapter in adapters]
    rows = session.execute(select(Adapter.id, *columns).where(Adapter.id.in_(ids)))
    return {
        row[0]: {
            api_id: api
            for api_id, api in zip(sorted(changed), row[1:], strict=True)
            if api is not None
        }
        for row in rows
    }


def _of_adapter(
    adapter: Adapter, apis: Mapping[str, Reported], found: Iterable[Change], now: datetime
) -> State:
    if silent(adapter, now):
        return State(Word.UNKNOWN)
    recent = [change for change in found if change.number > adapter.floor]
    once = {change.number: change for change in missing(adapter, apis, recent)}
    return state_of(
        (_as_missing(adapter, change) for change in once.values()),
        now,
        fault=_counted(adapter.closed_apis, "closed"),
        unconfirmed=_counted(adapter.unconfirmed_apis, "not loaded from the platform yet"),
    )


def _counted(apis: int, what: str) -> str:
    return "" if not apis else f"{apis:,} API instance{'s are' if apis > 1 else ' is'} {what}"


def of_apis(
    session: Session, organization_id: str, adapter: Adapter, now: datetime
) -> list[ApiStanding]:
    """Each API instance that the adapter has or should have."""
    reported: Mapping[str, Reported] = adapter.details["apis"]
    environment_id = adapter.environment_id
    found = changes.since(session, organization_id, environment_id, adapter.floor)
    query = select(ApiInstance).where(ApiInstance.environment_id == environment_id)
    names = {api.id: api.asset.asset_id for api in session.scalars(query)}
    wanted = names if adapter.whole_environment else ()
    ids = {*wanted, *map(int, reported)}
    return [
        ApiStanding(
            api_id,
            names.get(api_id, ""),
            _of_api(adapter, reported.get(str(api_id)), api_id, found, now),
            reported.get(str(api_id)),
        )
        for api_id in sorted(ids)
    ]


def rollout(session: Session, organization_id: str, api: ApiInstance, now: datetime) -> Rollout:
    """How far the last change of an API instance has come."""
    query = (
        select(Adapter, Adapter.details["apis"][str(api.id)])
        .where(Adapter.environment_id == api.environment_id)
        .order_by(Adapter.instance_id)
    )
    rows = [
        (adapter, reported)
        for adapter, reported in session.execute(query)
        if reported is not None or adapter.whole_environment
    ]
    floor = min((a.floor for a, _ in rows if not silent(a, now)), default=0)
    found = changes.since(session, organization_id, api.environment_id, floor) if rows else ()
    states = [(row[0], _of_api(row[0], row[1], api.id, found, now)) for row in rows]
    return Rollout(changes.latest_of_api(session, organization_id, api), states)


def _of_api(
    adapter: Adapter,
    reported: Reported | None,
    api_id: int,
    found: Iterable[Change],
    now: datetime,
) -> State:
    apis = {} if reported is None else {str(api_id): reported}
    own = [change for change in found if change.api_id in (None, api_id)]
    late = [_as_missing(adapter, change) for change in missing(adapter, apis, own)]
    said = reported or {}
    return state_of(
        late,
        now,
        silent=silent(adapter, now),
        fault="; ".join(said.get("faults", ())),
        unconfirmed=_unconfirmed(reported),
    )


def _unconfirmed(reported: Reported | None) -> str:
    """Why an API has not come from the platform since the adapter's start; empty if it has."""
    if reported is not None and reported.get("policies") is not None:
        return ""
    notes = (reported or {}).get("notes") or ["not loaded from the platform yet"]
    return str(notes[0])


def missing(
    adapter: Adapter, apis: Mapping[str, Reported], found: Iterable[Change]
) -> Iterable[Change]:
    """Those of the changes that the adapter does not have in force, by what it reported."""
    return (change for change in found if change.number > _in_force(adapter, apis, change))


def _in_force(adapter: Adapter, apis: Mapping[str, Reported], change: Change) -> int:
    """Up to which revision the adapter has what the change is about."""
    if change.part is Part.AUTOMATED:
        return adapter.automated or 0
    if change.part is Part.INSTANCES:
        return (adapter.instances or 0) if adapter.whole_environment else change.number
    reported = apis.get(str(change.api_id))
    if reported is not None:
        return reported.get(change.part) or 0
    return 0 if adapter.whole_environment else change.number


def _as_missing(adapter: Adapter, change: Change) -> Missing:
    poll = SLOW_POLL if change.part in SLOW_PARTS else interval(adapter)
    return Missing(change.number, change.at, poll)
