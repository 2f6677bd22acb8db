"""Summaries of events: an endpoint of our own."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from control_plane.analytics.queries import GROUPINGS
from control_plane.clock import iso
from control_plane.errors import Invalid
from control_plane.protocol.described import answers, one_of, takes
from control_plane.protocol.scope import AnalyticsReader
from control_plane.protocol.shapes import analytics as shapes
from control_plane.protocol.window import InWindow

router = APIRouter(prefix="/analytics/1.0/{organization_id}")


@router.get("/environments/{environment_id}/summary")
@answers(shapes.Summary)
@takes(groupBy=one_of(*GROUPINGS))
def summary(
    scope: AnalyticsReader, window: InWindow, group_by: Annotated[str, Query(alias="groupBy")]
) -> dict[str, Any]:
    """Requests, bytes and response times by status code, application, policy, API or outcome."""
    if group_by not in GROUPINGS:
        raise Invalid(f"groupBy: {group_by!r} is none of {', '.join(GROUPINGS)}")
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
