"""Personal tokens: what scripts use in place of a password."""

from datetime import timedelta
from http import HTTPStatus
from typing import Annotated, Final, Literal

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import Field

from control_plane.accounts.user_tokens import Kind, of_user
from control_plane.errors import Conflict
from control_plane.http_statuses import status_of
from control_plane.management import tokens, twins
from control_plane.pages.forms import FIXABLE, Fields, Form, InForm, OneLine
from control_plane.pages.paths import RowId
from control_plane.pages.settings.tabs import settings_tabs
from control_plane.pages.visit import InVisit, Visit, in_turn
from control_plane.store.tables import UserToken

router = APIRouter(prefix="/settings/tokens")


_SENT_TWICE: Final = (
    "this form was sent twice, and made one token, which was in the first answer; if you have not"
    " copied it, revoke it and create another one"
)


class _NewToken(Fields):
    name: Annotated[str, Field(max_length=100), OneLine]
    days: Literal["7", "30", "90", "365"]


@router.get("", name="tokens")
def show(visit: InVisit) -> Response:
    """The user's valid tokens, and a form for a new one."""
    return _page(visit, Form({"days": "90"}))


def _page(
    visit: Visit, form: Form, status: int = HTTPStatus.OK, new: tokens.WithSecret | None = None
) -> Response:
    now, idle = visit.now(), visit.services.access.lifetimes.idle
    with visit.reading() as session:
        newest = form.value("newest") or twins.newest(session, UserToken)
        rows = of_user(session, visit.user_id, Kind.PERSONAL, now, idle)
    return visit.page(
        "settings/tokens.html",
        status,
        tabs=settings_tabs(visit),
        rows=rows,
        form=form,
        newest=newest,
        new=new,
        base_url=visit.base_url,
    )


@router.post("", name="create_token")
@in_turn
def create(visit: InVisit, form: InForm) -> Response:
    """Make a token, and show it this once."""
    try:
        given = form.checked(_NewToken)
        lifetime = timedelta(days=int(given.days))
        with visit.writing() as transaction:
            own = {"user_id": visit.user_id, "kind": Kind.PERSONAL, "name": given.name}
            if twins.twin(transaction.session, UserToken, form.text("newest"), own):
                raise Conflict(_SENT_TWICE)
            made = tokens.create_personal(transaction, visit.user_id, given.name, lifetime)
    except FIXABLE as error:
        return _page(visit, form.refused(error), status_of(error))
    return _page(visit, Form({"days": "90"}), new=made)


@router.get("/{token_id}/revoke", name="revoke_token")
def ask_to_revoke(visit: InVisit, token_id: RowId) -> Response:
    """Ask before a token ends."""
    with visit.reading() as session:
        row = tokens.get(session, visit.user_id, Kind.PERSONAL, token_id)
    return visit.confirm(
        f"Revoke the token {row.name}?",
        ["Scripts that use it get status 401 from now on. This can't be undone."],
        button="Revoke",
        cancel=visit.url("tokens"),
    )


@router.post("/{token_id}/revoke")
@in_turn
def revoke(visit: InVisit, token_id: RowId) -> Response:
    """End a token at once."""
    with visit.writing() as transaction:
        row = tokens.get(transaction.session, visit.user_id, Kind.PERSONAL, token_id)
        tokens.revoke(transaction, row)
    return visit.redirect(visit.url("tokens"), f"The token {row.name} is revoked.")
