"""The configuration of a whole environment: read, compared with a file, and changed to match it.

This is our own extension; `policy-control-plane export`, `diff` and `apply` use it.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Header, Query, Response
from pydantic import ValidationError
from sqlalchemy.orm import Session

from control_plane.accounts.roles import Permission
from control_plane.errors import Conflict, Forbidden, Stale
from control_plane.field_errors import placed_errors
from control_plane.management.environment_file.changes import Change, Kind
from control_plane.management.environment_file.content import Content
from control_plane.management.environment_file.export import Export
from control_plane.management.environment_file.mistake import Mistake, MistakenFile
from control_plane.management.environment_file.steps import Options, Steps
from control_plane.management.environment_file.stored import revision_of, stored_content
from control_plane.management.environment_file.use_cases import Comparison, apply, compare
from control_plane.management.feed_epochs import FeedEpochs
from control_plane.management.transaction import Transaction
from control_plane.protocol.bodies import JsonObject
from control_plane.protocol.described import answers, reads, refuses
from control_plane.protocol.environment_file import EnvironmentFile
from control_plane.protocol.scope import ApisReader, EnvironmentScope
from control_plane.protocol.shapes import configuration as shapes
from control_plane.protocol.writing import answer, in_turn

router = APIRouter(
    prefix="/policy-control-plane/v1/organizations/{organization_id}/environments/{environment_id}"
    "/configuration"
)

_ANY_REVISION: Final = "*"
_PERMISSIONS: Final = {
    Kind.APPLICATION: Permission.APPLICATIONS_WRITE,
    Kind.CONTRACT: Permission.CONTRACTS_WRITE,
}
"""What changes need; all others need `apis:write`."""

Prune = Annotated[bool, Query()]
AllowUnknown = Annotated[bool, Query(alias="allowUnknown")]
DryRun = Annotated[bool, Query(alias="dryRun")]


def _reader(scope: ApisReader) -> EnvironmentScope:
    scope.caller.require(Permission.CONTRACTS_READ, scope.environment_id)
    return scope


ConfigurationReader = Annotated[EnvironmentScope, Depends(_reader)]
"""Who may see everything that files hold."""


class _Undone(Exception):  # noqa: N818 - it is no error
    """Ends the transaction of a dry run."""


@router.get("")
@answers(shapes.EnvironmentFile)
def export(
    response: Response,
    scope: ConfigurationReader,
    with_ids: Annotated[bool, Query(alias="withIds")] = True,
    with_secrets: Annotated[bool, Query(alias="withSecrets")] = False,
) -> dict[str, Any]:
    """The document of an environment file; the `ETag` is what a PUT takes in `If-Match`."""
    if with_secrets:
        scope.caller.require(Permission.SECRETS_READ, scope.environment_id)
    with scope.reading() as session:
        response.headers["ETag"] = _etag(session, scope)
        content = stored_content(session, scope.organization_id, scope.environment_id)
    return Export(with_ids=with_ids, with_secrets=with_secrets).document(content)


@router.post("/diff")
@reads(EnvironmentFile)
@answers(shapes.Comparison)
def diff(
    scope: ConfigurationReader,
    body: JsonObject,
    *,
    prune: Prune = False,
    allow_unknown: AllowUnknown = False,
) -> Response:
    """What a PUT of the same document would change. Nothing is changed.

    Who may not read secrets learns nothing about them here, either.
    """
    may_compare = scope.caller.may(Permission.SECRETS_READ, scope.environment_id)
    options = Options(prune=prune, allow_unknown=allow_unknown, compares_secrets=may_compare)
    wanted = _content(body)
    with scope.reading() as session:
        etag = _etag(session, scope)
        stored = stored_content(session, scope.organization_id, scope.environment_id)
        _require_to_see_applications(scope, wanted, stored)
        if not (may_compare and scope.caller.may(Permission.APPLICATIONS_WRITE)):
            stored = stored.without_hashes()
        return _answer(compare(stored, wanted, scope.services.policy_checks, options), etag)


@router.put("")
@reads(EnvironmentFile)
@answers(shapes.Comparison)
@refuses(Conflict, Stale)
@in_turn
def apply_file(
    scope: ConfigurationReader,
    body: JsonObject,
    if_match: Annotated[str, Header()],
    *,
    prune: Prune = False,
    allow_unknown: AllowUnknown = False,
    dry_run: DryRun = False,
) -> Response:
    """Make the environment what the document says, in one transaction.

    The document is compared with stored secrets, so this needs the permission to read them.
    `If-Match` is the `ETag` of the export or diff that was looked at, or `*`. A dry run makes all
    changes and takes them back.
    """
    scope.caller.require(Permission.SECRETS_READ, scope.environment_id)
    wanted, options = _content(body), Options(prune=prune, allow_unknown=allow_unknown)
    if any(application.client_secret for application in wanted.applications):
        scope.caller.require(Permission.APPLICATIONS_WRITE)
    with suppress(_Undone), scope.writing() as transaction:
        before = _etag(transaction.session, scope)
        if if_match not in (_ANY_REVISION, before):
            raise Stale("somebody has changed the configuration since then; look at it again")
        # The numbers that a dry run takes from the contract feed do not count.
        epochs = FeedEpochs() if dry_run else transaction.epochs
        found = _apply(scope, replace(transaction, epochs=epochs), wanted, options)
        response = _answer(found, before if dry_run else _etag(transaction.session, scope))
        if dry_run:
            raise _Undone
    return response


def _apply(
    scope: EnvironmentScope, transaction: Transaction, wanted: Content, options: Options
) -> Comparison:
    """Make the changes, and return them; raise Forbidden if a permission for one is missing."""
    session, services = transaction.session, scope.services
    stored = stored_content(session, scope.organization_id, scope.environment_id)
    _require_to_see_applications(scope, wanted, stored)
    found = compare(stored, wanted, services.policy_checks, options)
    _require_permissions(scope, found.changes)
    steps = Steps(
        transaction,
        scope.environment_id,
        services.policy_checks,
        services.settings.secret_form,
        options,
    )
    apply(steps, found)
    session.flush()
    return found


def _require_to_see_applications(scope: EnvironmentScope, wanted: Content, stored: Content) -> None:
    """Raise Forbidden if the answer would show applications that a role elsewhere may not see.

    Those that have a contract in the environment are in its exports.
    """
    if wanted.names_others(stored):
        scope.caller.require(Permission.APPLICATIONS_READ)


def _content(body: dict[str, Any]) -> Content:
    try:
        return EnvironmentFile.model_validate(body).content()
    except ValidationError as error:
        found = placed_errors(error.errors(), EnvironmentFile)
        raise MistakenFile([Mistake(*each) for each in found]) from None


def _etag(session: Session, scope: EnvironmentScope) -> str:
    return f'"{revision_of(session, scope.organization_id)}"'


def _answer(found: Comparison, etag: str) -> Response:
    document = {"changes": [asdict(change) for change in found.changes], "warnings": found.warnings}
    response = answer(document)
    response.headers["ETag"] = etag
    return response


def _require_permissions(scope: EnvironmentScope, changes: Sequence[Change]) -> None:
    """Raise Forbidden, which names every permission that is missing for one of the changes."""
    missing = {}
    for change in changes:
        environment_id = None if change.kind is Kind.APPLICATION else scope.environment_id
        permission = _PERMISSIONS.get(change.kind, Permission.APIS_WRITE)
        try:
            scope.caller.require(permission, environment_id)
        except Forbidden as error:
            missing[permission] = error.message
    if missing:
        raise Forbidden("; ".join(missing.values()))
