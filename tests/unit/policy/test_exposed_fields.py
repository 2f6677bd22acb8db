"""Fields of introspection answers as headers, whatever the answers contain."""

import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from adapter.policy.policies.shared.exposed_fields import exposed_headers, forged_headers
from adapter.policy.policies.shared.header_values import is_fit_for_a_header
from adapter.policy.request.header_spelling import dashed
from tests.unit.policy.gateway import a_request, an_evaluation

SCALARS = st.none() | st.booleans() | st.integers() | st.decimals() | st.text()
CLAIMS = st.dictionaries(st.text(max_size=12), SCALARS | st.lists(SCALARS), max_size=8)


@given(CLAIMS)
def test_every_header_is_valid_and_has_one_meaning(claims: dict[str, Any]) -> None:
    """Nothing that a provider sends can inject a header, or replace another one."""
    headers = exposed_headers(claims)
    assert all(re.fullmatch(r"x-agw-[a-z0-9_-]+", name) for name, _ in headers)
    assert all(is_fit_for_a_header(value) for _, value in headers)
    assert len({dashed(name) for name, _ in headers}) == len(headers)


@given(CLAIMS)
def test_a_forged_header_is_always_found(claims: dict[str, Any]) -> None:
    """A client that sends what the upstream would get finds its headers removed."""
    sent = {name.replace("-", "_"): "forged" for name, _ in exposed_headers(claims)}
    assert set(forged_headers(an_evaluation(a_request(sent)))) == set(sent)
