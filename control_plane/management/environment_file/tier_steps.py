"""Applies the SLA tiers of one API instance."""

from collections.abc import Sequence

from control_plane.management import tiers
from control_plane.management.environment_file.content import Tier
from control_plane.management.environment_file.differences import changed_columns
from control_plane.management.environment_file.matching import Pair
from control_plane.management.environment_file.mistake import refused_at
from control_plane.management.environment_file.steps import Steps
from control_plane.store.tables import ApiInstance, SlaTier


class TierSteps:
    """The tiers of one API instance before and after contracts are put on them."""

    def __init__(self, steps: Steps, api: ApiInstance, pairs: Sequence[Pair[Tier]]) -> None:
        self._steps = steps
        self._api = api
        self._pairs = pairs
        self._rows = {
            pair.stored.name: tiers.get(steps.transaction.session, api, pair.stored_id)
            for pair in pairs
            if pair.stored is not None
        }

    def row(self, name: str) -> SlaTier:
        """The tier of this name."""
        return self._rows[name]

    def offer(self) -> None:
        """Create tiers, and change those that stay active or become it."""
        for pair in self._pairs:
            if pair.wanted is None:
                continue
            with refused_at(pair.path):
                if pair.stored is None:
                    columns = {**pair.wanted.columns, "status": "ACTIVE"}
                    made = tiers.create(self._steps.transaction, self._api, columns)
                    self._rows[pair.wanted.name] = made
                elif not _is_deprecated(pair.wanted):
                    self._change(pair.wanted)

    def deprecate(self) -> None:
        """Make the changes of tiers that become deprecated, or are it already."""
        for pair in self._pairs:
            if pair.wanted is not None and _is_deprecated(pair.wanted):
                with refused_at(pair.path):
                    self._change(pair.wanted)

    def _change(self, wanted: Tier) -> None:
        row = self._rows[wanted.name]
        stored = {name: getattr(row, name) for name in wanted.columns}
        if changed := changed_columns(stored, wanted.columns):
            tiers.change(self._steps.transaction, row, changed)

    def delete(self) -> None:
        """Delete the tiers that are not in the file. No contract has them any more."""
        self._steps.transaction.session.flush()
        for pair in self._pairs:
            if pair.wanted is None and pair.stored is not None:
                tiers.delete(self._steps.transaction, self._rows[pair.stored.name])


def _is_deprecated(tier: Tier) -> bool:
    return bool(tier.columns["status"] == "DEPRECATED")
