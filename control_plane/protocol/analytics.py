"""Questions about analytics: the documented event export, and summaries of our own."""

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import JSONResponse
from sqlalchemy import select

from control_plane.analytics.event_store import GROUPINGS, Window
from control_plane.clock import iso
from control_plane.errors import BadRequest
from control_plane.protocol.export_fields import FIELDS, titles
from control_plane.protocol.scope import MAX_ID, EnvironmentAdmin, OrganizationAdmin
from control_plane.store.tables import ApiInstance

router = APIRouter(prefix="/analytics/1.0/{organization_id}")

MAX_RESULTS = 20_000
_UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
_DURATION = re.compile(r"([0-9]{1,6})([dhms])")


def _window(
    scope: EnvironmentAdmin,
    *,
    api_ids: Annotated[str | None, Query(alias="apiIds")] = None,
    api_version_ids: Annotated[str | None, Query(alias="apiVersionIds")] = None,
    start: Annotated[datetime | None, Query(alias="startDate")] = None,
    end: Annotated[datetime | None, Query(alias="endDate")] = None,
    duration: str = "1d",
    path_prefix: Annotated[str, Query(alias="pathPrefix")] = "",
) -> Window:
    # An event of this very moment belongs to the window that ends now.
    until = _in_utc("endDate", end) if end else scope.now() + timedelta(milliseconds=1)
    span = _parse_duration(duration)
    try:
        since = _in_utc("startDate", start) if start else until - span
    except OverflowError as error:
        raise BadRequest(f"duration: {duration!r} reaches back too far") from error
    return Window(
        scope.environment_id,
        since,
        until,
        _parse_ids("apiIds", api_ids),
        _parse_ids("apiVersionIds", api_version_ids),
        path_prefix,
    )


InWindow = Annotated[Window, Depends(_window)]


def _in_utc(parameter: str, moment: datetime) -> datetime:
    """The moment in UTC, which is also what a time without an offset means."""
    try:
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except OverflowError as error:
        raise BadRequest(f"{parameter}: not within the years 1 to 9999 in UTC") from error


def _parse_duration(text: str) -> timedelta:
    match = _DURATION.fullmatch(text)
    if match is None:
        raise BadRequest(f"duration: {text!r} is not a number with d, h, m or s, such as 7d")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def _parse_ids(parameter: str, text: str | None) -> tuple[int, ...] | None:
    if text is None or text in ("all", "*"):
        return None
    parts = text.split(",")
    if len(parts) > 1000 or not all(part.isascii() and part.isdigit() for part in parts):
        raise BadRequest(f"{parameter}: must be numbers with commas between, or all")
    return tuple(min(int(part[:20]), MAX_ID) for part in parts)


@router.get("/environments/{environment_id}/events", response_model=None)
def export(
    scope: EnvironmentAdmin,
    window: InWindow,
    format_: Annotated[Literal["json", "csv"], Query(alias="format")],
    fields: str | None = None,
    max_results: Annotated[int, Query(alias="maxResults", ge=1, le=MAX_RESULTS)] = MAX_RESULTS,
) -> Response:
    """Events, newest first, with the documented titles as JSON or CSV."""
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
            raise BadRequest("fields: required for csv; see .../events/fields for the list")
        return []
    asked = [part.strip() for part in re.split("[,.]", fields)]
    unknown = [title for title in asked if title not in FIELDS]
    if unknown:
        raise BadRequest(f"fields: unknown {', '.join(unknown[:5])}; see .../events/fields")
    return asked


def _api_names(scope: EnvironmentAdmin) -> dict[int, str]:
    """Names for events whose gateway knew the API by its number only."""
    query = select(ApiInstance).where(ApiInstance.environment_id == scope.environment_id)
    with scope.services.database.read() as session:
        return {api.id: api.asset.asset_id for api in session.scalars(query)}


def _csv(header: list[str], rows: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([_cell(row[title]) for title in header] for row in rows)
    return text.getvalue()


def _cell(value: Any) -> Any:
    """Spreadsheets run what begins like a formula, and clients choose paths and user agents."""
    return f"'{value}" if isinstance(value, str) and value[:1] in "=+-@\t\r" else value


@router.get("/events/fields")
def fields(scope: OrganizationAdmin) -> list[str]:  # noqa: ARG001 - only for the right to ask
    """The titles that an export can have."""
    return list(FIELDS)


@router.get("/environments/{environment_id}/summary")
def summary(
    scope: EnvironmentAdmin, window: InWindow, group_by: Annotated[str, Query(alias="groupBy")]
) -> dict[str, Any]:
    """Requests, bytes and response times by status code, application, policy, API or outcome."""
    if group_by not in GROUPINGS:
        raise BadRequest(f"groupBy: {group_by!r} is none of {', '.join(GROUPINGS)}")
    rows = scope.services.events.summary(window, GROUPINGS[group_by])
    groups = [
        {
            "key": row["key"],
            "name": row["name"],
            "count": row["count"],
            "requestBytes": int(row["request_bytes"]),
            "responseBytes": int(row["response_bytes"]),
            "responseTimeAvgMs": row["response_time_avg_ms"],
            "responseTimeMaxMs": row["response_time_max_ms"],
        }
        for row in rows
    ]
    return {
        "groupBy": group_by,
        "startDate": iso(window.start),
        "endDate": iso(window.end),
        "total": rows[0]["total"] if rows else 0,
        "groups": groups,
    }
