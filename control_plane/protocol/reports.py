"""Reports from adapters. This endpoint is our own; Anypoint Platform has none like it."""

from typing import Annotated

from fastapi import APIRouter, Path

from control_plane.errors import Conflict
from control_plane.fleet import reporting
from control_plane.fleet.report import Report
from control_plane.protocol.described import refuses
from control_plane.protocol.scope import ReportsWriter
from control_plane.protocol.writing import in_turn

router = APIRouter(
    prefix="/policy-control-plane/v1/organizations/{organization_id}/environments/{environment_id}"
)

InstanceId = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$")]


@router.put("/adapters/{instance_id}/report", status_code=204)
@refuses(Conflict)
@in_turn
def report(scope: ReportsWriter, instance_id: InstanceId, body: Report) -> None:
    """Keep the latest report of an adapter."""
    sender = reporting.Sender(scope.environment_id, scope.caller.name, instance_id, scope.address)
    with scope.services.database.write() as session:
        reporting.receive(session, sender, body, scope.now())
