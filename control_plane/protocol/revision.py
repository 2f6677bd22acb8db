"""The header that says which changes an answer contains: see `fleet.changes`."""

from fastapi import Response
from sqlalchemy.orm import Session

from control_plane.fleet import changes

HEADER = "X-Platform-Revision"


def name_revision(response: Response, session: Session) -> None:
    """Let the answer name the newest change. Call it before anything else in the transaction."""
    response.headers[HEADER] = str(changes.newest(session))
