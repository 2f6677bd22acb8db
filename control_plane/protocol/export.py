"""The documented export of events."""

import re
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from fastapi.responses import JSONResponse

from control_plane.errors import Invalid
from control_plane.management import apis
from control_plane.protocol.described import answers, list_of, one_of, takes
from control_plane.protocol.export_fields import FIELDS, titles
from control_plane.protocol.scope import OrganizationReader, RequestsReader
from control_plane.protocol.shapes import analytics as shapes
from control_plane.protocol.window import InWindow
from control_plane.spreadsheets import csv_line

router = APIRouter(prefix="/analytics/1.0/{organization_id}")

MAX_RESULTS = 20_000


@router.get(
    "/environments/{environment_id}/events",
    response_model=None,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
)
@answers(shapes.ExportedEvents)
@takes(fields=list_of(one_of(*FIELDS)))
def export(
    scope: RequestsReader,
    window: InWindow,
    format_: Annotated[Literal["json", "csv"], Query(alias="format")],
    fields: str | None = None,
    max_results: Annotated[int, Query(alias="maxResults", ge=1, le=MAX_RESULTS)] = MAX_RESULTS,
) -> Response:
    """Events as JSON or CSV, newest first, under the documented titles."""
    asked = titles(_asked(fields, required=format_ == "csv"), csv=format_ == "csv")
    names = _api_names(scope)
    rows = [
        {
            title: FIELDS[title](row)
            if title != "API Name"
            else row["api_name"] or names.get(row["api_id"])
            for title in asked
        }
        for row in scope.services.events.newest(window, max_results)
    ]
    if format_ == "json":
        return JSONResponse(rows)
    return Response(_csv(asked, rows), media_type="text/csv")


def _asked(fields: str | None, *, required: bool) -> list[str]:
    """The titles asked for, with commas or periods between; none for all."""
    if not fields:
        if required:
            raise Invalid("fields: required for csv; see .../events/fields for the list")
        return []
    asked = [part.strip() for part in re.split("[,.]", fields)]
    unknown = [title for title in asked if title not in FIELDS]
    if unknown:
        raise Invalid(f"fields: unknown {', '.join(unknown[:5])}; see .../events/fields")
    return asked


def _api_names(scope: RequestsReader) -> dict[int, str]:
    """Names for events whose gateway knew the API by its number only."""
    with scope.reading() as session:
        return apis.names(session, scope.environment_id)


def _csv(header: list[str], rows: list[dict[str, Any]]) -> str:
    lines = [csv_line(header), *(csv_line(row[title] for title in header) for row in rows)]
    return "".join(lines)


@router.get("/events/fields")
def fields(scope: OrganizationReader) -> list[str]:  # noqa: ARG001 - callers of the organization only
    """The titles that an export can have."""
    return list(FIELDS)
