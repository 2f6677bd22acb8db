"""Environments of an organization, by the paths and members of the vendor's account API."""

from http import HTTPStatus
from typing import Annotated, Any, ClassVar

from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import AfterValidator, Field
from sqlalchemy.orm import Session

from control_plane.accounts.callers import Caller
from control_plane.errors import Conflict
from control_plane.fleet import adapters
from control_plane.management import environments, gateway_logins
from control_plane.management.environments import EnvironmentType
from control_plane.management.texts import one_line
from control_plane.protocol.bodies import ANSWERED, Body
from control_plane.protocol.described import answers, refuses
from control_plane.protocol.scope import EnvironmentsWriter, InEnvironment, OrganizationReader
from control_plane.protocol.shapes import accounts as shapes
from control_plane.protocol.writing import answer, in_turn
from control_plane.store.tables import Environment

router = APIRouter(prefix="/accounts/api")
_ALL = "/organizations/{organization_id}/environments"
_ONE = f"{_ALL}/{{environment_id}}"

EnvironmentName = Annotated[
    str, Field(min_length=1, max_length=environments.MAX_NAME), AfterValidator(one_line)
]


class EnvironmentChange(Body):
    """What a PUT changes. `type` decides; `isProduction` counts only without it."""

    ignored: ClassVar[frozenset[str]] = ANSWERED | {"arcNamespace", "clientId"}

    name: EnvironmentName | None = None
    type: EnvironmentType | None = None
    is_production: bool | None = None

    def new_type(self, present: str) -> str:
        """The type that the environment is to have."""
        if self.type is not None or self.is_production is None:
            return self.type or present
        if self.is_production:
            return environments.PRODUCTION
        return environments.SANDBOX if present == environments.PRODUCTION else present


class NewEnvironment(EnvironmentChange):
    """A new environment: a sandbox, unless it says otherwise."""

    name: EnvironmentName


def environment_documents(session: Session, caller: Caller) -> list[dict[str, Any]]:
    """The environments that the caller may name in paths, by name."""
    client_ids = _client_ids(session, caller.organization_id)
    return [_document(row, client_ids) for row in caller.environments(session)]


def _client_ids(session: Session, organization_id: str) -> dict[str, str]:
    """The client id of the oldest gateway credentials of each environment."""
    found: dict[str, str] = {}
    for login in session.scalars(gateway_logins.of_organization(organization_id)):
        found.setdefault(login.environment_id, login.name)
    return found


def _document(environment: Environment, client_ids: dict[str, str]) -> dict[str, Any]:
    return {
        "id": environment.id,
        "name": environment.name,
        "organizationId": environment.organization_id,
        "isProduction": environment.type == environments.PRODUCTION,
        "type": environment.type,
        "clientId": client_ids.get(environment.id),
    }


def _one(session: Session, environment: Environment) -> dict[str, Any]:
    return _document(environment, _client_ids(session, environment.organization_id))


@router.get(_ALL)
@router.get(f"/cs{_ALL}")
@answers(shapes.Environments)
def read_all(
    scope: OrganizationReader,
    offset: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
    limit: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
) -> dict[str, Any]:
    """The environments that the caller may name in paths, by name."""
    with scope.reading() as session:
        found = environment_documents(session, scope.caller)
    return {"data": found[offset:][:limit], "total": len(found)}


@router.get(_ONE)
@answers(shapes.Environment)
def read(scope: InEnvironment) -> dict[str, Any]:
    """One environment."""
    with scope.reading() as session:
        environment = environments.get(session, scope.organization_id, scope.environment_id)
        return _one(session, environment)


@router.post(_ALL, status_code=HTTPStatus.CREATED)
@answers(shapes.Environment)
@refuses(Conflict)
@in_turn
def create(scope: EnvironmentsWriter, body: NewEnvironment) -> Response:
    """Add an environment."""
    with scope.writing() as transaction:
        new_type = body.new_type(environments.SANDBOX)
        environment = environments.create(transaction, body.name, new_type)
        return answer(_one(transaction.session, environment), HTTPStatus.CREATED)


@router.put(_ONE)
@answers(shapes.Environment)
@refuses(Conflict)
@in_turn
def change(scope: EnvironmentsWriter, environment_id: str, body: EnvironmentChange) -> Response:
    """Change what the body names. The id stays."""
    with scope.writing() as transaction:
        session = transaction.session
        environment = environments.get(session, scope.organization_id, environment_id)
        name, new_type = body.name or environment.name, body.new_type(environment.type)
        environments.change(transaction, environment, name, new_type)
        return answer(_one(session, environment))


@router.delete(_ONE, status_code=HTTPStatus.NO_CONTENT)
@refuses(Conflict)
@in_turn
def delete(scope: EnvironmentsWriter, environment_id: str) -> Response:
    """Delete an environment with everything in it, unless adapters report for it."""
    with scope.writing() as transaction:
        session = transaction.session
        environment = environments.get(session, scope.organization_id, environment_id)
        adapters.require_none_reporting(session, environment_id, scope.now())
        environments.delete(transaction, environment)
    return Response(status_code=HTTPStatus.NO_CONTENT)
