"""The contract feed: the numbered changes to contracts that gateways have to learn of.

Every such change takes the next number of the organization, inside the transaction that makes it.
There is one writer at a time and `Database.write` takes the lock before it reads, so numbers are
committed in their order: a reader that has seen change n has seen all changes before it. A cursor
names the last change that was seen. A cursor of another database is refused, and so is one that
knows more than a restored copy: see `feed_epochs`. The reader then starts over.
"""

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from sqlalchemy import select
from sqlalchemy.orm import Session

from control_plane.errors import Invalid
from control_plane.management.feed_epochs import Cursor, is_valid
from control_plane.management.transaction import Transaction
from control_plane.store.tables import Contract, ContractTombstone, Organization

Entry: TypeAlias = Contract | ContractTombstone


class FeedPage(NamedTuple):
    """Some changes, oldest first, and where the next page begins. No changes: no more for now."""

    entries: Sequence[Entry]
    end: Cursor


def next_change(transaction: Transaction) -> int:
    """The number of a change to a contract; call it in the transaction that makes the change."""
    organization = transaction.session.get_one(Organization, transaction.organization_id)
    return transaction.epochs.next_change(transaction.session, organization)


def bury(transaction: Transaction, contract: Contract) -> None:
    """Delete a contract and leave a tombstone for the gateways that know it."""
    transaction.session.add(
        ContractTombstone(
            contract_id=contract.id,
            api_id=contract.api_id,
            client_id=contract.application.client_id,
            change=next_change(transaction),
            removed_at=transaction.now,
        )
    )
    transaction.session.delete(contract)


def read_page(
    session: Session,
    organization_id: str,
    api_id: int,
    cursor: str | None,
    *,
    limit: int,
) -> FeedPage:
    """The changes of an API's contracts since the cursor; all of them if it is None.

    Raise Invalid for a cursor that this database did not give or no longer knows.
    """
    organization = session.get_one(Organization, organization_id)
    beginning = Cursor(organization.feed_epoch, 0, organization.last_change)
    start = beginning if cursor is None else _known(cursor, session, organization)
    entries = _changes_after(session, api_id, start.position, limit)
    end = beginning._replace(position=entries[-1].change) if entries else start
    return FeedPage(entries, end)


def _known(text: str, session: Session, organization: Organization) -> Cursor:
    cursor = Cursor.parse(text)
    if cursor is None or not is_valid(cursor, session, organization):
        raise Invalid("cursor: unknown here; start again without one")
    return cursor


def _changes_after(session: Session, api_id: int, after: int, limit: int) -> list[Entry]:
    contracts = (
        select(Contract)
        # Gateways can't use a request that waits for approval, and have nothing to forget.
        .where(Contract.api_id == api_id, Contract.change > after, Contract.status != "PENDING")
        .order_by(Contract.change)
        .limit(limit)
    )
    tombstones = (
        select(ContractTombstone)
        .where(ContractTombstone.api_id == api_id, ContractTombstone.change > after)
        .order_by(ContractTombstone.change)
        .limit(limit)
    )
    found: list[Entry] = [*session.scalars(contracts), *session.scalars(tombstones)]
    return sorted(found, key=lambda entry: entry.change)[:limit]
