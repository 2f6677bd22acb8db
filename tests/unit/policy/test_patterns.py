"""What a pattern of an admin's may cost, and how a bad one is told."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.policy.catalog import AppliedPolicy, Pointcut
from adapter.policy.patterns import MAX_CHARS, can_begin_with, compile_pattern, compile_together
from tests.builders import api, applied


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("x" * 150_000, "is longer than 2,000 characters"),
        (".{500}", "is too large: it has 4,00"),
        (r"(\pL{30}){30}", "is not a regular expression of RE2: pattern too large"),
        ("a{1001}", "is not a regular expression of RE2: invalid repetition size: {1001}"),
        ("(?=x)", "is not a regular expression of RE2: invalid perl operator: (?="),
        ("(" * 1_900, "is not a regular expression of RE2: missing ): ((((("),
    ],
)
def test_a_pattern_that_costs_too_much_or_is_none_is_refused_in_few_words(
    pattern: str, why: str
) -> None:
    """The text does not repeat a long pattern."""
    with pytest.raises(ValueError, match=re.escape(why)) as raised:
        compile_pattern(pattern)
    assert len(str(raised.value)) < 200


@pytest.mark.parametrize(
    ("pattern", "text", "ignore_case", "expected"),
    [
        ("/orders/[0-9]+", "/orders/7", False, True),
        ("/orders", "/ORDERS", False, False),
        ("x-secret-.*", "X-Secret-1", True, True),
        ("|".join(f"/resource-{n}" for n in range(120)), "/resource-99", False, True),
        ("/[^/]{1,64}/[0-9a-f]{64}", "/a/" + "0f" * 32, False, True),
    ],
)
def test_patterns_of_usual_sizes_are_taken(
    pattern: str, text: str, ignore_case: bool, expected: bool
) -> None:
    """A long list of resources, a count for an identifier."""
    compiled = compile_pattern(pattern, ignore_case=ignore_case)
    assert (compiled.fullmatch(text) is not None) is expected


def test_a_pattern_of_the_greatest_length_can_be_tried_on_paths() -> None:
    """What is put around it does not count."""
    assert can_begin_with("/" + "x" * (MAX_CHARS - 1), "/")
    assert not can_begin_with("x" * MAX_CHARS, "/")


@pytest.mark.parametrize(
    "policy",
    [
        applied("access-block", pointcuts=(Pointcut(".*", "/" + "x" * 150_000),)),
        applied("access-block", pointcuts=(Pointcut("(" * 150_000, ".*"),)),
        applied("access-block", pointcuts=(Pointcut(".*", "x" * 1_900),)),
        applied("header-removal", {"inboundHeaders": ["(x{30}){30}" + "." * 900]}),
    ],
)
def test_a_huge_pattern_closes_the_api_and_is_not_repeated_in_the_fault(
    policy: AppliedPolicy,
) -> None:
    """Logs, readiness and the inspection page show faults."""
    (fault,) = api("7", [policy]).faults
    assert len(fault) < 400


PATTERNS = st.sampled_from(
    ["x-.*", "x-[a-z]+-1", "^a|b$", "(?P<n>q)+", "(?P<n>r)", "(?i)Z", "", "a" * 900, ".{200}"]
)


@given(st.lists(PATTERNS, max_size=12), st.sampled_from(["x-b-1", "A", "b", "qq", "r", "z", ""]))
def test_patterns_together_match_what_each_of_them_matches(patterns: list[str], text: str) -> None:
    """No header is kept because its pattern was compiled with others."""
    together = compile_together(patterns, ignore_case=True)
    each = [compile_pattern(pattern, ignore_case=True) for pattern in patterns]
    assert any(p.fullmatch(text) for p in together) == any(p.fullmatch(text) for p in each)


def test_many_patterns_become_few() -> None:
    """A client that sends many headers has each of them matched against a few."""
    assert len(compile_together(f"x-[a-z]+-{n}" for n in range(100))) == 1
