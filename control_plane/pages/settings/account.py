"""One's own account: roles, password and sessions."""

from functools import partial
from http import HTTPStatus
from typing import Annotated

from anyio.to_thread import run_sync
from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import Field

from control_plane.accounts.access import Origin
from control_plane.accounts.user_tokens import Kind, of_user
from control_plane.http_statuses import status_of
from control_plane.management import tokens, users
from control_plane.pages.forms import FIXABLE, Fields, Form, InForm, InvalidForm, Password
from control_plane.pages.paths import RowId
from control_plane.pages.settings.tabs import settings_tabs
from control_plane.pages.visit import InVisit, Visit, in_turn

router = APIRouter(prefix="/settings")


class _NewPassword(Fields):
    current: Annotated[Password, Field(max_length=users.MAX_PASSWORD)]
    password: Password
    repeated: Password


@router.get("", name="settings")
def account(visit: InVisit) -> Response:
    """What the user is to each environment, and where the user is logged in."""
    return _page(visit, Form())


def _page(visit: Visit, form: Form, status: int = HTTPStatus.OK) -> Response:
    now, idle = visit.now(), visit.services.access.lifetimes.idle
    with visit.reading() as session:
        user = users.get(session, visit.caller.organization_id, visit.user_id)
        sessions = of_user(session, user.id, Kind.SESSION, now, idle)
    return visit.page(
        "settings/account.html",
        status,
        tabs=settings_tabs(visit),
        user=user,
        roles=users.roles_of(user),
        sessions=sessions,
        form=form,
    )


@router.post("/password", name="set_password")
async def set_password(visit: InVisit, form: InForm) -> Response:
    """Change one's own password. All other sessions and all tokens end."""
    access = visit.services.access
    try:
        given = form.checked(_NewPassword)
        if given.password != given.repeated:
            raise InvalidForm({"repeated": "This is not the same password."})
        users.require_good_password(visit.caller.name, given.password)
        if not await access.is_password(visit.caller.name, given.current, Origin(visit.address)):
            raise InvalidForm({"current": "This is not your password."})
    except FIXABLE as error:
        return await run_sync(_page, visit, form.refused(error), status_of(error))
    new_hash = await access.hash_password(given.password)
    return await visit.services.writes.run(partial(_store_password, visit, new_hash))


def _store_password(visit: Visit, new_hash: str) -> Response:
    with visit.writing() as transaction:
        user = users.get(transaction.session, transaction.organization_id, visit.user_id)
        users.set_password(transaction, user, new_hash, but=visit.token_id)
    message = "Your password is changed. All other sessions and all tokens have ended."
    return visit.redirect(visit.url("settings"), message)


@router.post("/sessions/{session_id}/end", name="end_session")
@in_turn
def end_session(visit: InVisit, session_id: RowId) -> Response:
    """End a session of one's own."""
    with visit.writing() as transaction:
        row = tokens.get(transaction.session, visit.user_id, Kind.SESSION, session_id)
        tokens.revoke(transaction, row)
    return visit.redirect(visit.url("settings"), "The session has ended.")


@router.post("/sessions/end-others", name="end_other_sessions")
@in_turn
def end_other_sessions(visit: InVisit) -> Response:
    """End all sessions but this one."""
    with visit.writing() as transaction:
        number = tokens.end_other_sessions(transaction, visit.user_id, visit.token_id)
    return visit.redirect(visit.url("settings"), f"{number} other sessions have ended.")
