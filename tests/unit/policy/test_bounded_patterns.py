"""What a pattern of an admin's may cost, and how a bad one is told."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.policy.bounded_patterns import (
    MAX_CHARS,
    can_begin_with,
    compile_bounded,
    compile_pattern,
    compile_together,
)
from adapter.policy.catalog import AppliedPolicy, Pointcut
from adapter.policy.verdicts import DenyReason
from tests.builders import api, applied
from tests.unit.policy.gateway import Gateway, a_request


@pytest.mark.parametrize(
    ("pattern", "possible"), [("/a", True), ("a", False), ("[^ab]", True), (r"\C*", True)]
)
def test_a_pattern_that_can_match_nothing_is_found(pattern: str, *, possible: bool) -> None:
    """Where RE2 cannot tell, the pattern is taken."""
    assert can_begin_with(pattern, "/") is possible


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


BOUNDED = st.sampled_from(
    ["/a|/b", "(?i)/A.*", "^/a$", "(/a)?(/b)*", "(?P<n>/a{1,3})b", "/(?U)a+", ".*1", "/a{2}|"]
)
PATTERNS = st.sampled_from(
    ["x-.*", "x-[a-z]+-1", "^a|b$", "(?P<n>q)+", "(?P<n>r)", "(?i)Z", "", "a" * 900, ".{200}"]
)


@given(st.lists(PATTERNS, max_size=12), st.sampled_from(["x-b-1", "A", "b", "qq", "r", "z", ""]))
def test_patterns_together_match_what_each_of_them_matches(patterns: list[str], text: str) -> None:
    """No header is kept because its pattern was compiled with others."""
    together = compile_together(patterns, ignore_case=True)
    each = [compile_pattern(pattern, ignore_case=True) for pattern in patterns]
    assert any(p.fullmatch(text) for p in together) == any(p.fullmatch(text) for p in each)


@pytest.mark.parametrize(
    ("pattern", "least", "most"),
    [
        ("/orders/.*", 4_096, 4_096),
        ("|".join(f"/resource-{n}" for n in range(120)), 4_096, 4_096),
        (".*/[0-9a-f]{8}-[0-9a-f]{4}", 4_096, 4_096),
        (".*[ab].{12}", 1_024, 4_095),
        (".*[ab].{100}", 256, 512),
    ],
)
def test_counts_in_braces_bound_what_a_pattern_is_matched_against(
    pattern: str, least: int, most: int
) -> None:
    """With counts, a client's text could make RE2 work for tens of milliseconds."""
    assert least <= compile_bounded(pattern, 4_096).longest <= most


@pytest.mark.parametrize("pattern", ["a)(b", ".{200}", "(.{0,30}){30}", "x" * 2_001])
def test_a_pattern_that_would_bear_short_texts_only_is_refused(pattern: str) -> None:
    """And what is only a pattern with parentheses around it is none."""
    with pytest.raises(ValueError, match=r"^is (too large|longer|not a regular expression)"):
        compile_bounded(pattern, 4_096)


@given(BOUNDED, st.text("/ab1", max_size=20))
def test_a_bounded_pattern_matches_what_the_pattern_matches(pattern: str, text: str) -> None:
    """The group around it changes nothing."""
    bounded, plain = compile_bounded(pattern, 4_096).compiled, compile_pattern(pattern)
    assert bool(bounded.fullmatch(text)) is bool(plain.fullmatch(text))


def test_a_path_longer_than_a_pattern_bears_is_refused() -> None:
    """On that API only, since the pattern is one of its policies'."""
    gateway = Gateway(applied("access-block", pointcuts=(Pointcut("", ".*[ab].{100}"),)))
    longest = gateway.api.longest_path
    gateway.allows(a_request(path="/" + "c" * (longest - 1)))
    gateway.denies(a_request(path="/" + "c" * longest), DenyReason.MALFORMED_REQUEST, 414)
    other = Gateway(applied("access-block", pointcuts=(Pointcut("", "/x.*"),)))
    other.allows(a_request(path="/" + "c" * 4_095))


def test_many_patterns_become_few() -> None:
    """A client that sends many headers has each of them matched against a few."""
    assert len(compile_together(f"x-[a-z]+-{n}" for n in range(100))) == 1
