"""What all parts of one reading of a file share."""

from dataclasses import dataclass, field
from typing import TypeVar

from pydantic import ValidationError

from adapter.platform_client.environment_file.entries import Entry
from adapter.platform_client.environment_file.faults import Faults
from adapter.platform_client.environment_file.pace import Pace

Kind = TypeVar("Kind", bound=Entry)


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading of a file: what is wrong so far, and how fast it goes."""

    salt: str
    """Hashed with each client secret, before it."""
    pace: Pace
    faults: Faults = field(default_factory=Faults)

    def entry(self, kind: type[Kind], row: object, place: str) -> Kind | None:
        """An entry of a list; None if it has faults, which are noted.

        Of an entry with `placeholders`, the lists remain, so that their faults are found, too.
        """
        self.pace.step()
        try:
            return kind.model_validate(row)
        except ValidationError as e:
            self.faults.take(place, row, e, kind)
        if kind.placeholders is None or not isinstance(row, dict):
            return None
        known = {field.alias for field in kind.model_fields.values()} - kind.placeholders.keys()
        lists = {n: value for n, value in row.items() if n in known and isinstance(value, list)}
        return kind.model_validate({**kind.placeholders, **lists})
