"""Epochs of the contract feed: how a gateway notices that the database was restored.

A restored database counts its changes on from the number in the copy. Numbers that gateways have
seen already then stand for other changes. So each number belongs to an epoch, and an epoch belongs
to the process that began it: the first change that a process makes begins a new epoch and notes
where the epoch before it ended. A cursor names its epoch and how far the feed had come when the
cursor was given. It is valid only if the epoch, in this database, reached that change. After an
ordinary restart all cursors stay valid; after a restore those that know more than the copy are not.
"""

import math
import threading
from typing import Final, NamedTuple, Self

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from control_plane.store.tables import EndedFeedEpoch, Organization
from control_plane.store.tables.organizations import new_epoch

KEPT_EPOCHS: Final = 10_000
"""Ended epochs that are remembered. The cursors of older ones become invalid."""
_MAX_DIGITS = 19


class Cursor(NamedTuple):
    """A place in an API's contract feed, written as `epoch.position.seen`."""

    epoch: str
    position: int
    """The last change of this API that the reader has."""
    seen: int
    """The organization's last change when the reader got it: all that its knowledge rests on."""

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """The cursor in `text`; None if `str` of a cursor never gives such a text."""
        epoch, *numbers = text.split(".", 3)
        if len(numbers) != 2 or not all(_is_number(number) for number in numbers):
            return None
        return cls(epoch, int(numbers[0]), int(numbers[1]))

    def __str__(self) -> str:
        return f"{self.epoch}.{self.position}.{self.seen}"


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS


def is_valid(cursor: Cursor, session: Session, organization: Organization) -> bool:
    """Whether this database still has everything that the reader of `cursor` knows."""
    end: int | None = organization.last_change
    if cursor.epoch != organization.feed_epoch:
        query = select(EndedFeedEpoch.last_change).where(
            EndedFeedEpoch.organization_id == organization.id,
            EndedFeedEpoch.epoch == cursor.epoch,
        )
        end = session.scalar(query)
    return end is not None and cursor.position <= cursor.seen <= end


class FeedEpochs:
    """The epochs that this process began, and how far it has counted in each.

    Only the process that began an epoch makes changes in it. So a gateway can't know more of the
    epoch than this process has counted. A database that is restored under the running process has
    an epoch that is not ours, or one that is behind our count. Several processes on one database
    begin a new epoch whenever another of them makes a change.
    """

    def __init__(self) -> None:
        self._counted: dict[str, int] = {}
        self._lock = threading.Lock()

    def next_change(self, session: Session, organization: Organization) -> int:
        """The number of the next change; call it in the transaction that makes the change."""
        with self._lock:
            counted = self._counted.get(organization.feed_epoch, math.inf)
            if organization.last_change < counted:
                self._begin_epoch(session, organization)
            organization.last_change += 1
            # A transaction that fails after this only causes one epoch more.
            self._counted[organization.feed_epoch] = organization.last_change
            return organization.last_change

    def _begin_epoch(self, session: Session, organization: Organization) -> None:
        _end_epoch(session, organization)
        self._counted.pop(organization.feed_epoch, None)
        organization.feed_epoch = new_epoch()


def _end_epoch(session: Session, organization: Organization) -> None:
    ended = EndedFeedEpoch(
        organization_id=organization.id,
        epoch=organization.feed_epoch,
        last_change=organization.last_change,
    )
    session.add(ended)
    session.flush()
    session.execute(delete(EndedFeedEpoch).where(EndedFeedEpoch.id <= ended.id - KEPT_EPOCHS))
