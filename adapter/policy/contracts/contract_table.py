# mypyc: compiled
"""Finds an API's contract by client id."""

from collections.abc import Iterable, Iterator
from typing import Final

from mypy_extensions import i64, mypyc_attr

from adapter.policy.contracts.contract import Contract

_FEWEST_SLOTS: Final = 4


@mypyc_attr(acyclic=True)
class ContractTable:
    """Contracts by client id: a hash table with open addressing and linear probing.

    Slots hold contracts directly, without an entry object in between. A dict would read its header,
    an index, an entry and the key; with a million contracts none of these is in the processor's
    caches (docs/adr/0017-contracts-in-one-piece.md).
    """

    __slots__ = ("_contracts", "_mask", "_slots")

    def __init__(self, contracts: Iterable[Contract] = ()) -> None:
        """If two contracts have the same client id, the later one counts.

        One without a fault goes before one with a fault.
        """
        given = list(contracts)
        size: i64 = _FEWEST_SLOTS
        while size < 2 * len(given):
            size *= 2
        self._mask: i64 = size - 1
        self._slots: list[Contract | None] = [None] * size
        held = 0
        for contract in given:
            slot = self._slot_for(contract.client_id, contract.client_hash)
            before = self._slots[slot]
            held += before is None
            if before is None or before.fault is not None or contract.fault is None:
                self._slots[slot] = contract
        self._contracts = given if held == len(given) else self._without_outdated(given)

    def __len__(self) -> int:
        return len(self._contracts)

    def __iter__(self) -> Iterator[Contract]:
        """All contracts, in the order in which they were given."""
        return iter(self._contracts)

    def get(self, client_id: str) -> Contract | None:
        """The contract of that client; None if it has none."""
        return self._slots[self._slot_for(client_id, hash(client_id))]

    def _slot_for(self, client_id: str, client_hash: i64) -> i64:
        """The slot that holds that client's contract, or would hold it."""
        slots, mask = self._slots, self._mask
        slot = client_hash & mask
        while True:
            contract = slots[slot]
            if contract is None or contract.is_of(client_id, client_hash):
                return slot
            slot = (slot + 1) & mask

    def _without_outdated(self, given: list[Contract]) -> list[Contract]:
        return [contract for contract in given if self.get(contract.client_id) is contract]
