"""What somebody gets whose policy can't be saved: the form with the mistakes, or both versions."""

from collections.abc import Mapping
from typing import Any

from fastapi.responses import Response

from control_plane.errors import Conflict, Invalid
from control_plane.http_statuses import status_of
from control_plane.pages.forms import InvalidForm, Posted
from control_plane.pages.policies.editor import Editing, show
from control_plane.pages.policies.reading import described
from control_plane.pages.visit import Visit


def refused(visit: Visit, editing: Editing, error: Invalid | Conflict) -> Response:
    """The form again, with why the policy is refused."""
    errors = error.errors if isinstance(error, InvalidForm) else {"": error.message}
    return show(visit, editing, status_of(error), errors)


def compared(visit: Visit, editing: Editing, form: Posted) -> Response | None:
    """What is stored now beside the form; None if the form has mistakes, which come first."""
    given = editing.posted(form).draft
    try:
        configuration = given.configuration()
    except InvalidForm:
        return None
    theirs = described(given, given.stored, given.scope)
    yours = described(given, configuration, given.pointcut())
    labels = {name: name for name in [*theirs, *(n for n in yours if n not in theirs)]}
    empty: Mapping[str, Any] = dict.fromkeys(labels)
    again = Posted({**form.fields, "do": ["save"]})
    return visit.stale(
        again,
        labels,
        {**empty, **theirs},
        editing.version,
        cancel=editing.path,
        yours={**empty, **yours},
    )
