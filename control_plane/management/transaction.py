"""What a use case that writes works with: one transaction, and who makes it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from control_plane.management.feed_epochs import FeedEpochs


@dataclass(frozen=True, slots=True)
class Actor:
    """Who makes a change: the login and its role, and the network address, if it is known.

    What the control plane does by itself has the actor `CONTROL_PLANE`; what a command on the
    database does has `COMMAND_LINE`.
    """

    name: str
    role: str
    address: str | None = None


CONTROL_PLANE: Final = Actor("control plane", "system")
COMMAND_LINE: Final = Actor("command line", "system")


@dataclass(frozen=True, slots=True)
class Transaction:
    """A write transaction in one organization. Every use case that writes takes it first.

    The row, the number of its change in the contract feed and the audit entry are written in it,
    so all of them are kept or none is.
    """

    session: Session
    actor: Actor
    organization_id: str
    now: datetime
    """The date of everything that the transaction writes."""
    epochs: FeedEpochs
