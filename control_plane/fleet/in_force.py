"""How many adapters run what was saved, for each API instance of an environment."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from control_plane.fleet import changes
from control_plane.fleet.changes import Change
from control_plane.fleet.standing import Reported, missing, silent
from control_plane.store.tables import Adapter


class InForce(NamedTuple):
    """The adapters that enforce an API instance and are not silent."""

    running: int = 0
    """Those that run everything that was saved about it."""
    live: int = 0
    """All of them."""

    @property
    def share(self) -> float:
        """The part that runs it; 1 if there is no adapter, so that nothing is behind."""
        return self.running / self.live if self.live else 1.0


def of_apis(
    session: Session,
    organization_id: str,
    environment_id: str,
    api_ids: Collection[int],
    now: datetime,
) -> dict[int, InForce]:
    """How many adapters have each of these API instances in force."""
    query = select(Adapter).where(Adapter.environment_id == environment_id)
    rows = session.scalars(query.options(undefer(Adapter.details)))
    live = [adapter for adapter in rows if not silent(adapter, now)]
    floor = min((adapter.floor for adapter in live), default=0)
    found = changes.since(session, organization_id, environment_id, floor) if live else ()
    by_api: dict[int | None, list[Change]] = defaultdict(list)
    for change in found:
        by_api[change.api_id].append(change)
    counted = {api_id: InForce() for api_id in api_ids}
    for adapter in live:
        _count(adapter, by_api, counted)
    return counted


def _count(
    adapter: Adapter, by_api: dict[int | None, list[Change]], counted: dict[int, InForce]
) -> None:
    apis = adapter.details["apis"]
    common = any(missing(adapter, {}, by_api.get(None, ())))
    for api_id, found in counted.items():
        reported = apis.get(str(api_id))
        if reported is not None or adapter.whole_environment:
            own = by_api.get(api_id, ())
            runs = not common and _runs(adapter, api_id, reported, own)
            counted[api_id] = InForce(found.running + runs, found.live + 1)


def _runs(adapter: Adapter, api_id: int, reported: Reported | None, own: Sequence[Change]) -> bool:
    if reported is None or reported.get("policies") is None or reported.get("faults"):
        return False
    return not any(missing(adapter, {str(api_id): reported}, own))
