"""How the sync is doing, for operators and for readiness."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from adapter.platform_client.sync.api_state import Origin
from adapter.platform_client.sync.environment import Environment
from adapter.platform_client.sync.publication import Publication
from adapter.platform_client.sync.revisions import Revisions
from adapter.platform_client.sync.tracked_api import TrackedApi
from adapter.policy.snapshot import Api
from adapter.runtime.clock import WallTime

_MOST_ALARMS: Final = 50


@dataclass(frozen=True, slots=True)
class ApiStatus:
    """One API: what is in force and how fresh it is."""

    api_id: str
    name: str
    loaded: bool
    """Whether its policies and contracts are in the snapshot, from the platform or from disk."""
    settled: bool
    """Whether it is loaded or has definitely failed, so that readiness need not wait for it."""
    origin: Origin | None
    confirmed_at: WallTime | None
    """When the platform last confirmed its content; "not modified" confirms it, too."""
    age_s: float | None
    """Seconds since then."""
    faults: tuple[str, ...]
    """Why it is closed, if it is."""
    ignored: tuple[str, ...]
    """Policy types on it that the operator ignores."""
    contracts: int
    closed_contracts: int
    """Contracts that cannot be honoured."""
    document_faults: tuple[str, ...]
    """What had to be left out of the platform's documents about it."""
    last_error: str | None
    """What the last poll failed with; None if it succeeded."""
    revisions: Revisions
    """Which of the platform's changes are in force."""


@dataclass(frozen=True, slots=True)
class SyncStatus:
    """The sync as a whole."""

    reached_platform: bool
    """Whether the platform has given any good answer since the start."""
    all_settled: bool
    """Whether the APIs are known, and each is loaded or has definitely failed."""
    last_success_at: WallTime | None
    last_failure_at: WallTime | None
    alarms: tuple[str, ...]
    """What goes wrong with the platform or the disk; closed APIs are in `apis`."""
    automated_revision: int | None
    """All changes to automated policies up to this number are in force."""
    instances_revision: int | None
    """All API instances that were made or deleted up to this number are known."""
    apis: tuple[ApiStatus, ...]


def is_settled(api: TrackedApi, environment: Environment, publication: Publication) -> bool:
    """Whether it is loaded, or closed in the snapshot because it could not be loaded."""
    return _is_loaded(api, environment) or publication.in_force(api.api_id) is not None


def sync_status(
    environment: Environment,
    apis: Sequence[TrackedApi],
    publication: Publication,
    *,
    all_settled: bool,
    other_alarm: str | None,
    now: WallTime,
) -> SyncStatus:
    """How all of it is doing."""
    polls = (environment.automated_poll, environment.instances_poll, *(a.poll_state for a in apis))
    failures = [poll.failed_at for poll in polls if poll.failed_at is not None]
    return SyncStatus(
        reached_platform=environment.reached_platform,
        all_settled=all_settled,
        last_success_at=environment.last_contact,
        last_failure_at=max(failures, default=None),
        alarms=sync_alarms(environment, other_alarm),
        automated_revision=environment.automated_revision,
        instances_revision=environment.instances_revision,
        apis=tuple(
            api_status(api, publication.in_force(api.api_id), environment, now) for api in apis
        ),
    )


def _is_loaded(api: TrackedApi, environment: Environment) -> bool:
    """Whether everything that the API needs is there, from the platform or from disk."""
    return api.content is not None and environment.automated is not None


def api_status(
    api: TrackedApi, in_force: Api | None, environment: Environment, now: WallTime
) -> ApiStatus:
    """How one API is doing."""
    loaded = _is_loaded(api, environment)
    confirmed_at = api.poll_state.confirmed_at
    return ApiStatus(
        api_id=api.api_id,
        name=api.instance.name,
        loaded=loaded,
        settled=loaded or in_force is not None,
        origin=api.origin,
        confirmed_at=confirmed_at,
        age_s=None if confirmed_at is None else now - confirmed_at,
        faults=in_force.faults if in_force is not None else (),
        ignored=in_force.ignored if in_force is not None else (),
        contracts=len(in_force.contracts) if in_force is not None else 0,
        closed_contracts=in_force.closed_contracts if in_force is not None else 0,
        document_faults=api.document_faults.current,
        last_error=api.poll_state.last_error,
        revisions=api.revisions,
    )


def sync_alarms(environment: Environment, other_alarm: str | None) -> tuple[str, ...]:
    """What an operator should look at, the most general problems first; a limited number."""
    return tuple(islice(_alarms(environment, other_alarm), _MOST_ALARMS))


def _alarms(environment: Environment, other_alarm: str | None) -> Iterator[str]:
    yield from (outage.alarm for outage in environment.outages.current)
    if other_alarm is not None:
        yield other_alarm
    yield from environment.document_faults.current
