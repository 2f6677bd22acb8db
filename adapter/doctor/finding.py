"""What the doctor says: findings, and the places that they are about."""

from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Final

_LONGEST: Final = 120


class Severity(StrEnum):
    """How bad a finding is."""

    ERROR = "error"
    """Requests get round the adapter, or fail, or Envoy crashes."""
    WARNING = "warning"
    """It works, but not in every case that will come."""
    NOTE = "note"
    """Worth knowing. It can be right as it is."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the configuration. Parts that do not apply are empty. None at all: Envoy itself."""

    listener: str = ""
    filter_chain: str = ""
    filter: str = ""
    virtual_host: str = ""
    route: str = ""
    cluster: str = ""

    @property
    def group(self) -> str:
        """The heading under which findings are shown together."""
        if self.listener:
            return f"listener {shown(self.listener)}"
        return f"cluster {shown(self.cluster)}" if self.cluster else "Envoy"

    @property
    def within(self) -> str:
        """Where in the group, for example `virtual host shop.test, route api-1`."""
        skipped = "listener" if self.listener else "cluster"
        return ", ".join(
            f"{name.replace('_', ' ')} {shown(value)}"
            for name, value in self.parts.items()
            if name != skipped
        )

    @property
    def parts(self) -> dict[str, str]:
        """The parts that apply, by name."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if value}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong or risky."""

    code: str
    """A stable name, for programs: see docs/doctor.md."""
    severity: Severity
    place: Place
    why: str
    """What can happen, in one sentence."""
    fix: str
    """What to change, in one sentence."""
    detail: str = ""
    """What was found here, for example `0.02 s`. Never a secret."""
    change_in: str = ""
    """The mesh that wrote the configuration, and which of its objects to change."""


def shown(text: str) -> str:
    """A name from the configuration, as it can be printed: short, without control characters."""
    safe = "".join(c if c.isprintable() else "?" for c in text[: _LONGEST + 1])
    return safe if len(safe) <= _LONGEST else f"{safe[:_LONGEST]}..."
