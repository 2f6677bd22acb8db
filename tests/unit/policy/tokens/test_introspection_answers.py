"""How an identity provider's answer about a token is read (RFC 7662, section 2.2)."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.policy.concealed import Concealed
from adapter.policy.tokens.claims import Lifetime
from adapter.policy.tokens.introspection import (
    MAX_ANSWER_BYTES,
    IntrospectionSource,
    read_answer,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


def test_an_active_token_has_its_fields_and_dates() -> None:
    """As in the RFC's example."""
    body = json.dumps({"active": True, "client_id": "a", "exp": 20, "nbf": 10, "iat": 10}).encode()
    found = read_answer(body)
    assert found.active
    assert found.claims["client_id"] == "a"
    assert found.lifetime == Lifetime(10, 20)


def test_nothing_of_an_inactive_token_counts() -> None:
    """Not even dates that are wrong."""
    found = read_answer(b'{"active": false, "client_id": "a", "exp": "soon"}')
    assert (found.active, dict(found.claims), found.lifetime) == (False, {}, Lifetime())


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"true",
        b"[]",
        b"{}",
        b"<html>",
        b'{"active": "true"}',
        b'{"active": 1}',
        b'{"active": null}',
        b'{"active": [true]}',
        b'{"active": false, "active": true}',
        b'{"Active": true}',
        b'{"active": true, "exp": "2000000000"}',
        b'{"active": true, "exp": true}',
        b'{"active": true, "exp": 1e99}',
        b'{"active": true, "exp": NaN}',
        b'{"active": true, "nbf": null}',
        b'{"active": true, "a": "\xff"}',
        b'{"active": true}{"active": true}',
        b'{"active": true, "a": "' + b"a" * MAX_ANSWER_BYTES + b'"}',
        b'{"active": true, "a": ' + b"[" * 100 + b"]" * 100 + b"}",
    ],
    ids=range(20),
)
def test_an_answer_that_leaves_doubts_is_refused(body: bytes) -> None:
    """Nothing is guessed."""
    with pytest.raises(ValueError, match=r"^[^{]*$"):
        read_answer(body)


@given(st.dictionaries(st.text(max_size=5), JSON), JSON)
def test_only_true_is_active(fields: dict[str, Any], active: Any) -> None:
    """Whatever else the answer says."""
    try:
        found = read_answer(json.dumps({**fields, "active": active}).encode())
    except ValueError:
        return
    assert found.active is active


def _source(**changes: Any) -> IntrospectionSource:
    values: dict[str, Any] = {
        "timeout_s": 1,
        "longest_s": 100,
        "without_exp_s": 10,
        "max_remembered": 1,
    }
    return IntrospectionSource("https://idp.test", Concealed("Basic c2VjcmV0"), **values | changes)


@pytest.mark.parametrize(
    ("expires", "seconds"), [(None, 10), (1_050, 50), (1_200, 100), (999, -1)], ids=range(4)
)
def test_a_token_is_remembered_until_it_expires_or_for_the_maximum(
    expires: float | None, seconds: float
) -> None:
    """The smaller of the two; an expired one not at all."""
    assert _source().remember_s(Lifetime(None, expires), 1_000) == seconds


def test_sources_share_answers_only_if_they_are_equal() -> None:
    """A policy does not profit from what another one remembers longer."""
    assert _source().name == _source().name
    assert _source().name != _source(longest_s=101).name
    assert "c2VjcmV0" not in repr(_source())
