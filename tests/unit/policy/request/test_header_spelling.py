"""Spellings of one header, as servers that make variables of headers read them."""

from string import ascii_lowercase, digits

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.policy.request.header_spelling import dashed, is_odd, length_bits
from tests.unit.policy.gateway import a_request

names = st.text(ascii_lowercase + digits + "!#$%&'*+-.^_`|~", min_size=1, max_size=20)


def variable(name: str) -> str:
    """What the strictest servers make of a name: nothing but letters, digits and underscores."""
    return "".join(c if c.isalnum() else "_" for c in name.upper())


@given(names, names)
def test_names_with_one_variable_have_one_spelling_with_hyphens(one: str, other: str) -> None:
    """And only these."""
    assert (dashed(one) == dashed(other)) is (variable(one) == variable(other))


@given(names)
def test_every_spelling_but_that_with_hyphens_is_odd(name: str) -> None:
    """So that to look at odd names finds them all."""
    assert is_odd(name) is (dashed(name) != name)


@pytest.mark.parametrize("name", [":path", ":authority", "accept", "x-b3-traceid"])
def test_usual_names_are_not_odd(name: str) -> None:
    """A usual request has no odd name, and costs no more."""
    assert not is_odd(name)


def test_a_request_tells_its_odd_names() -> None:
    """Whatever reads it."""
    long = "x_" * 40
    request = a_request({"client_id": "1", "client-id": "2", "x.y": "3", ":path": "/", long: "4"})
    assert list(request.odd_names(length_bits(["x" * 9, "xyz"]))) == ["client_id", "x.y"]
    assert list(request.odd_names(length_bits(["x" * 99]))) == [long]
    assert list(request.odd_names(length_bits([]))) == []
