"""Live roll-out: how many adapters run the last change of an API instance.

Other pages show the same box. They pass `rollout_of(visit, session, api)` to their template, which
writes `{{ rollout_box(visit, rollout) }}` of `fleet/rollout_box.html`.
"""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy.orm import Session

from control_plane.accounts.roles import Permission
from control_plane.fleet import standing
from control_plane.fleet.standing import Rollout
from control_plane.pages.apis.visits import title_of
from control_plane.pages.paths import RowId
from control_plane.pages.visit import EnvironmentVisit, in_environment
from control_plane.store.tables import ApiInstance

router = APIRouter()

AdaptersReader = Annotated[EnvironmentVisit, in_environment(Permission.ADAPTERS_READ)]


@dataclass(frozen=True, slots=True)
class RolloutBox:
    """What the box shows."""

    api_id: int
    rollout: Rollout

    @property
    def sentence(self) -> str:
        """What is saved and who runs it: "Revision 412 is saved; 3 of 4 adapters run it"."""
        change, live, running = self.rollout.change, self.rollout.live, self.rollout.running
        saved = "The last change" if change is None else f"Revision {change.number:,}"
        if not live:
            return f"{saved} is saved; no adapter that reports enforces this API instance."
        if live == 1:
            return (
                f"{saved} is saved; the adapter {'runs it' if running else 'does not run it yet'}."
            )
        return f"{saved} is saved; {running} of {live} adapters run it."


def rollout_of(visit: EnvironmentVisit, session: Session, api: ApiInstance) -> RolloutBox:
    """The box of an API instance. Everybody who may see API instances may see it."""
    found = standing.rollout(session, visit.caller.organization_id, api, visit.now())
    return RolloutBox(api.id, found)


@router.get("/environments/{environment_id}/apis/{api_id}/rollout", name="rollout")
def show(visit: AdaptersReader, api_id: RowId) -> Response:
    """The adapters that enforce the API instance, and how far they are."""
    with visit.reading() as session:
        api = visit.api(session, api_id)
        box, title = rollout_of(visit, session, api), title_of(api)
    return visit.page("fleet/rollout.html", rollout=box, api_id=api_id, title=title)
