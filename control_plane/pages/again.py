"""Asking again: why a question that was answered is shown once more, and what changed meanwhile."""

from dataclasses import dataclass, field
from http import HTTPStatus

from control_plane.accounts.roles import Permission
from control_plane.errors import Conflict, Invalid, Refused, Stale
from control_plane.http_statuses import status_of
from control_plane.management import audit_log
from control_plane.management.audit_log import AuditFilter
from control_plane.pages.asking import Asking
from control_plane.pages.forms import Form, Posted
from control_plane.store.tables import AuditEntry

ASKED_AGAIN = (Invalid, Conflict, Stale)
"""Refusals after which the user can decide once more."""


@dataclass(frozen=True, slots=True)
class Again:
    """Why a question is asked again. The default is for a question that is asked first."""

    form: Form = field(default_factory=Form)
    status: int = HTTPStatus.OK
    change: AuditEntry | None = None
    """What somebody else did to the thing since the question was asked first."""


def again(visit: Asking, form: Posted, error: Refused, about: AuditFilter | None = None) -> Again:
    """Why the question must be asked again: `error`, and the newest change of what `about` says."""
    change = None
    if about is not None and isinstance(error, Stale) and visit.may(Permission.AUDIT_READ):
        with visit.reading() as session:
            found = audit_log.entries(session, visit.caller.organization_id, about, limit=1)
            change = next(iter(found), None)
    return Again(form.refused(error), status_of(error), change)
