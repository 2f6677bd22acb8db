"""The documented Monitoring Archive: files by API instance, kind and hour, to list and to read.

The tree is made of the hours whose events are kept. A file is made when it is read.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Response
from fastapi.responses import PlainTextResponse
from pydantic import AfterValidator

from control_plane.accounts.roles import Permission
from control_plane.analytics import archive
from control_plane.analytics.archive import HOUR_MS, FileType, Span
from control_plane.analytics.questions import Answers
from control_plane.clock import epoch_ms, from_epoch_ms
from control_plane.errors import NotFound
from control_plane.protocol.archive_file import File, text
from control_plane.protocol.described import answers, takes
from control_plane.protocol.scope import InCaller, OrganizationReader, RequestsReader
from control_plane.protocol.shapes import analytics as shapes
from control_plane.store.tables import MAX_ID

router = APIRouter(prefix="/monitoring/archive/api/v1/organizations")
_ENVIRONMENTS = "/{organization_id}/environments"
_ENVIRONMENT = f"{_ENVIRONMENTS}/{{environment_id}}"
_FILES = f"{_ENVIRONMENT}/{{entity_type}}/{{entity_id}}/{{file_type}}"


class _EntityType(StrEnum):
    """What an archive can be about. Here only API instances have files."""

    APIS = "apis"
    APPLICATIONS = "applications"
    SERVERS = "servers"


class _FileKind(StrEnum):
    """The documented kinds of files. Here are no `raw` ones and no logs."""

    RAW = "raw"
    SUMMARY = "summary"
    IP = "ip"
    PATH = "path"
    LOGS = "logs"


def _resources(ids: Iterable[Any]) -> dict[str, Any]:
    return {"resources": [{"id": each} for each in dict.fromkeys(ids)]}


@router.get("")
@answers(shapes.Resources)
def organizations(caller: InCaller) -> dict[str, Any]:
    """The organization of the caller."""
    return _resources([caller.organization_id])


@router.get(_ENVIRONMENTS)
@answers(shapes.Resources)
def environments(scope: OrganizationReader) -> dict[str, Any]:
    """The environments that have events, of those that the caller may look into."""
    with scope.reading() as session, scope.services.events.answers(scope.now()) as answers:
        return _resources(
            row.id
            for row in scope.caller.environments(session)
            if scope.caller.may(Permission.REQUESTS_READ, row.id)
            and answers.newest_ms(row.id) is not None
        )


@dataclass(frozen=True, slots=True)
class _Archive:
    """The archive of one environment."""

    scope: RequestsReader

    @contextmanager
    def answers(self) -> Iterator[Answers]:
        with self.scope.services.events.answers(self.scope.now()) as answers:
            yield answers

    def span(self) -> Span:
        """The hours that are over, and whose events are all kept."""
        now = self.scope.now()
        first = epoch_ms(now - self.scope.services.events.retention) // HOUR_MS + 1
        return Span(first * HOUR_MS, epoch_ms(now) // HOUR_MS * HOUR_MS)

    def apis(self) -> list[int]:
        with self.answers() as answers:
            return archive.apis(answers, self.scope.environment_id, self.span())


def _archive(scope: RequestsReader) -> _Archive:
    return _Archive(scope)


InArchive = Annotated[_Archive, Depends(_archive)]


@router.get(_ENVIRONMENT)
@answers(shapes.Resources)
def entity_types(within: InArchive) -> dict[str, Any]:
    """`apis`, if any has files."""
    return _resources(["apis"] if within.apis() else [])


@router.get(f"{_ENVIRONMENT}/{{entity_type}}")
@answers(shapes.Resources)
def entities(within: InArchive, entity_type: _EntityType) -> dict[str, Any]:
    """The API instances that have files."""
    return _resources(map(str, within.apis() if entity_type == _EntityType.APIS else ()))


@dataclass(frozen=True, slots=True)
class _Folder:
    """The files of one API instance and kind, as hours in UTC."""

    within: _Archive
    api_id: int
    file_type: FileType | None
    hours: list[datetime]

    def file(self, hour: datetime, file_type: FileType) -> File:
        scope = self.within.scope
        ids = (scope.organization_id, scope.environment_id, self.api_id)
        return File(*ids, file_type, epoch_ms(hour))


def _hours(within: _Archive, entity_type: _EntityType, entity_id: str) -> list[datetime]:
    known = entity_id.isascii() and entity_id.isdigit() and int(entity_id[:20]) <= MAX_ID
    if entity_type != _EntityType.APIS or not known:
        return []
    with within.answers() as answers:
        span, environment_id = within.span(), within.scope.environment_id
        return [*map(from_epoch_ms, archive.hours(answers, environment_id, int(entity_id), span))]


@router.get(f"{_ENVIRONMENT}/{{entity_type}}/{{entity_id}}")
@answers(shapes.Resources)
def file_types(within: InArchive, entity_type: _EntityType, entity_id: str) -> dict[str, Any]:
    """The kinds of files of the API instance."""
    return _resources(FileType if _hours(within, entity_type, entity_id) else ())


def _folder(
    within: InArchive, entity_type: _EntityType, entity_id: str, file_type: _FileKind
) -> _Folder:
    kind = FileType(file_type.value) if file_type.value in [*FileType] else None
    hours = [] if kind is None else _hours(within, entity_type, entity_id)
    return _Folder(within, int(entity_id) if hours else 0, kind, hours)


InFolder = Annotated[_Folder, Depends(_folder)]
Year = Annotated[int, Path(ge=2000, le=9999)]


_DIGITS: Final = {
    "month": {"type": "string", "pattern": "^(0[1-9]|1[0-2])$"},
    "day": {"type": "string", "pattern": "^(0[1-9]|[12][0-9]|3[01])$"},
}
"""What `Month` and `Day` check, for the OpenAPI document."""


def _two_digits(last: int) -> AfterValidator:
    """A check of a part of a date, which folders have with two digits."""

    def checked(given: str) -> str:
        if given not in {f"{number:02}" for number in range(1, last + 1)}:
            raise ValueError(f"must be two digits from 01 to {last}")
        return given

    return AfterValidator(checked)


Month = Annotated[str, _two_digits(12)]
Day = Annotated[str, _two_digits(31)]


@router.get(_FILES)
@answers(shapes.Resources)
def years(folder: InFolder) -> dict[str, Any]:
    """The years with files."""
    return _resources(hour.year for hour in folder.hours)


@router.get(f"{_FILES}/{{year}}")
@answers(shapes.Resources)
def months(folder: InFolder, year: Year) -> dict[str, Any]:
    """The months with files."""
    return _resources(f"{hour:%m}" for hour in folder.hours if hour.year == year)


@router.get(f"{_FILES}/{{year}}/{{month}}")
@answers(shapes.Resources)
@takes(**_DIGITS)
def days(folder: InFolder, year: Year, month: Month) -> dict[str, Any]:
    """The days with files."""
    wanted = f"{year}-{month}"
    return _resources(f"{hour:%d}" for hour in folder.hours if f"{hour:%Y-%m}" == wanted)


@takes(**_DIGITS)
def _files(folder: InFolder, year: Year, month: Month, day: Day) -> list[File]:
    wanted, kind = f"{year}-{month}-{day}", folder.file_type
    if kind is None:
        return []
    return [folder.file(hour, kind) for hour in folder.hours if f"{hour:%Y-%m-%d}" == wanted]


InFiles = Annotated[list[File], Depends(_files)]


@router.get(f"{_FILES}/{{year}}/{{month}}/{{day}}")
@answers(shapes.Resources)
def files(within: InArchive, found: InFiles) -> dict[str, Any]:
    """The files of the day: one for each hour, dated when the hour was over."""
    with within.answers() as answers:
        return {
            "resources": [
                {
                    "id": file.name,
                    "time": str(from_epoch_ms(file.end_ms)),
                    "size": len(text(answers, file).encode()),
                }
                for file in found
            ]
        }


@router.get(f"{_FILES}/{{year}}/{{month}}/{{day}}/{{file_name}}", response_class=PlainTextResponse)
def content(within: InArchive, found: InFiles, file_name: str) -> Response:
    """The lines of a file."""
    file = next((file for file in found if file.name == file_name), None)
    if file is None:
        raise NotFound(f"file {file_name[:100]} not found")
    with within.answers() as answers:
        return Response(text(answers, file), media_type="text/plain")
