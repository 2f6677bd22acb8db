"""The report of an adapter, and what is accepted of it.

A report replaces the one before. Fields that we do not know are left alone, because an adapter may
be newer. docs/control-plane.md describes the document.
"""

from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

MAX_APIS: Final = 5_000
MAX_SERVICES: Final = 500
_YEAR_9999_MS: Final = 253_402_300_799_000


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("contains characters that can't be printed")
    return text


_Line = Annotated[str, Field(max_length=500), AfterValidator(_printable)]
_Word = Annotated[str, Field(min_length=1, max_length=50), AfterValidator(_printable)]
_Place = Annotated[str, Field(max_length=255), AfterValidator(_printable)]
_Count = Annotated[int, Field(ge=0, le=2**53)]
_Revision = Annotated[int, Field(ge=0, le=2**62)]
_Name = Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")]


class _Part(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, strict=True, frozen=True)


class ReportedApi(_Part):
    """What is in force of one API instance."""

    id: Annotated[str, Field(pattern=r"^[0-9]{1,18}$")]
    policies: _Revision | None = None
    tiers: _Revision | None = None
    contracts: _Revision | None = None
    from_disk: bool = False
    faults: Annotated[list[_Line], Field(max_length=10)] = []
    """Why it is closed, if it is."""
    notes: Annotated[list[_Line], Field(max_length=10)] = []

    @property
    def revisions(self) -> list[int]:
        """The revisions of its parts that are known."""
        return [n for n in (self.policies, self.tiers, self.contracts) if n is not None]

    @property
    def confirmed(self) -> bool:
        """Whether it came from the platform since the adapter's start."""
        return self.policies is not None


class ReportedEvents(_Part):
    """What became of API analytics since the start."""

    waiting: _Count
    outcomes: Annotated[dict[_Name, _Count], Field(max_length=20)]


class ReportedQuotas(_Part):
    """Where quotas are counted."""

    store: _Word
    available: bool
    processes_alone: _Count


class Sighting(_Part):
    """A host and a route whose requests belong to no API, counted since the start."""

    host: _Place
    route: _Place
    requests: _Count


class Report(_Part):
    """A report."""

    version: _Word
    build: _Word
    started_at: Annotated[int, Field(ge=0, le=_YEAR_9999_MS)]
    """In milliseconds since 1970, by the adapter's clock."""
    interval_ms: Annotated[int, Field(ge=1, le=86_400_000)]
    snapshot: _Count
    serving: bool
    automated: _Revision | None = None
    instances: _Revision | None = None
    whole_environment: bool
    alarms: Annotated[list[_Line], Field(max_length=50)] = []
    events: ReportedEvents
    quotas: ReportedQuotas
    services: Annotated[list[Sighting], Field(max_length=MAX_SERVICES)] = []
    requests_left_out: _Count = 0
    apis_left_out: _Count = 0
    apis: Annotated[list[ReportedApi], Field(max_length=MAX_APIS)] = []

    @property
    def floor(self) -> int:
        """All changes up to this revision are in force; parts that are not known don't count."""
        revisions = [number for api in self.apis for number in api.revisions]
        revisions += [n for n in (self.automated, self.instances) if n is not None]
        return min(revisions, default=0)
