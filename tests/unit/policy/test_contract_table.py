"""Contracts by client id, held against a dict."""

from hypothesis import given
from hypothesis import strategies as st

from adapter.policy.contracts.contract import Contract
from adapter.policy.contracts.contract_table import ContractTable
from tests.builders import by_client, contract

CLIENT_IDS = st.text(max_size=2) | st.sampled_from(["a", "b", "c"])


@given(st.lists(st.tuples(CLIENT_IDS, st.text(max_size=2)), max_size=40), st.lists(CLIENT_IDS))
def test_it_finds_what_a_dict_finds(agreed: list[tuple[str, str]], strangers: list[str]) -> None:
    """Of several contracts of one client the last, of a stranger none; all of them in order."""
    contracts = [Contract(contract_id, client_id) for client_id, contract_id in agreed]
    table, expected = ContractTable(contracts), by_client(contracts)
    for client_id in (*expected, *strangers):
        assert table.get(client_id) is expected.get(client_id)
    assert len(table) == len(expected)
    assert list(table) == [c for c in contracts if expected[c.client_id] is c]


@given(st.lists(st.tuples(st.sampled_from("ab"), st.booleans()), max_size=6))
def test_a_contract_that_can_be_honoured_goes_before_one_that_cannot(
    given_contracts: list[tuple[str, bool]],
) -> None:
    """Of those of one client that are alike in this, the last counts."""
    contracts = [
        Contract(f"{number}", client_id, fault=None if good else "unreadable")
        for number, (client_id, good) in enumerate(given_contracts)
    ]
    expected = by_client(contracts) | by_client(c for c in contracts if c.fault is None)
    table = ContractTable(contracts)
    assert {c.client_id: c for c in table} == expected
    assert all(table.get(client_id) is c for client_id, c in expected.items())


def test_very_many() -> None:
    """However often two of them want the same slot."""
    contracts = [contract(f"client {n}") for n in range(3_000)]
    table = ContractTable(iter(contracts))
    assert all(table.get(each.client_id) is each for each in contracts)
    assert not any(table.get(f"stranger {n}") for n in range(3_000))
    assert len(table) == 3_000


def test_none() -> None:
    """An API without contracts."""
    assert len(ContractTable()) == 0
    assert ContractTable().get("c1") is None
