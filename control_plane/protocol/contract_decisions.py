"""Decisions about a contract as operations of their own: approve, reject, revoke, restore.

Clients of the vendor POST to these paths without a body or with an empty object. A PATCH of the
contract does the same.
"""

from collections.abc import Callable, Mapping
from typing import Final, Literal

from fastapi import APIRouter, Response

from control_plane.errors import Conflict
from control_plane.management import contract_warnings, contracts
from control_plane.management.contract_states import Event, rejection_of
from control_plane.management.contracts import ContractChange
from control_plane.protocol.bodies import Body, RowId
from control_plane.protocol.contracts import get
from control_plane.protocol.described import answers, refuses
from control_plane.protocol.documents import contract_document
from control_plane.protocol.policies import with_warnings
from control_plane.protocol.scope import ContractsWriter
from control_plane.protocol.shapes import contracts as shapes
from control_plane.protocol.writing import answer, in_turn
from control_plane.store.tables import Contract

_CONTRACT: Final = (
    "organizations/{organization_id}/environments/{environment_id}/apis/{api_id}"
    "/contracts/{contract_id}"
)

_EVENTS: Final[Mapping[str, Callable[[Contract], Event]]] = {
    "approve": lambda _: Event.APPROVE,
    "reject": rejection_of,
    "revoke": lambda _: Event.REVOKE,
    "restore": lambda _: Event.RESTORE,
}


class Nothing(Body):
    """What clients send to an operation that takes no values."""


router = APIRouter()


@router.post(f"/apimanager/api/v1/{_CONTRACT}/{{decision}}")
@router.post(f"/apimanager/xapi/v1/{_CONTRACT}/{{decision}}")
@answers(shapes.Contract)
@refuses(Conflict)
@in_turn
def decide(
    scope: ContractsWriter,
    api_id: RowId,
    contract_id: RowId,
    decision: Literal["approve", "reject", "revoke", "restore"],
    body: Nothing | None = None,  # noqa: ARG001 - refuses values that would have no effect
) -> Response:
    """Decide about the contract.

    `reject` turns down the requested tier of an approved contract; the contract stays.
    """
    with scope.writing() as transaction:
        api = scope.api(transaction.session, api_id)
        contract = contracts.get(transaction.session, api, contract_id)
        contracts.change(transaction, contract, ContractChange(event=_EVENTS[decision](contract)))
        warnings = contract_warnings.of_contract(transaction.session, contract)
        return answer(with_warnings(contract_document(contract), warnings))


# One more path under which a client reads a contract.
router.add_api_route(f"/exchange/api/v1/{_CONTRACT}", get, methods=["GET"])
