"""Many patterns, or many names: what a Check costs in all is bounded, whatever a client sends."""

import pytest

from adapter.policy.catalog import AppliedPolicy, Pointcut
from adapter.policy.verdicts import DenyReason
from tests.builders import applied
from tests.unit.policy.gateway import Gateway, a_request, removed_headers

STEPS = 98_304
"""Characters times patterns that are allowed for one Check."""
TOO_LONG = (DenyReason.MALFORMED_REQUEST, 414)
NAMES_TOO_LONG = (DenyReason.MALFORMED_REQUEST, 431)


def blocking(count: int, method: str = "") -> AppliedPolicy:
    """A policy with that many pointcuts."""
    pointcuts = tuple(Pointcut(method, f"/.*/x{n}/.*") for n in range(count))
    return applied("access-block", pointcuts=pointcuts)


def removing(*patterns: str) -> AppliedPolicy:
    """A policy that removes headers."""
    return applied("header-removal", {"inboundHeaders": patterns})


@pytest.mark.parametrize(
    ("policies", "longest"),
    [
        ([blocking(24)], 4_096),
        ([blocking(100)], STEPS // 100),
        ([blocking(60), blocking(40)], STEPS // 100),
        ([blocking(384)], 256),
    ],
)
def test_all_pointcuts_of_an_api_together_bound_its_paths(
    policies: list[AppliedPolicy], longest: int
) -> None:
    """Each pattern reads all of the path."""
    gateway = Gateway(*policies)
    assert gateway.api.longest_path == longest
    gateway.allows(a_request(path="/" + "a" * (longest - 1)))
    gateway.denies(a_request(path="/" + "a" * longest), *TOO_LONG)


@pytest.mark.parametrize("method", ["", "GET"])
def test_too_many_pointcuts_close_the_api_and_say_how_many_are_allowed(method: str) -> None:
    """Not even short paths could be matched in time."""
    gateway = Gateway(*(blocking(100, method) for _ in range(4)))
    denied = gateway.denies(a_request(), DenyReason.API_CLOSED, 503)
    assert "400 pointcuts" in denied.deny.detail
    assert "384" in denied.deny.detail


def test_pointcuts_without_patterns_do_not_count() -> None:
    """Nothing is matched for them."""
    everywhere = applied("access-block", pointcuts=(Pointcut("", ".*"),) * 100)
    assert not Gateway(*(everywhere for _ in range(6))).api.faults


def test_a_header_name_too_long_for_patterns_is_refused() -> None:
    """A client can make it as long as all headers, and every pattern reads it."""
    gateway = Gateway(removing("x-debug-.*"))
    longest = "x-debug-" + "n" * 248
    assert removed_headers(gateway.allows(a_request({longest: "1"}))) == (longest,)
    gateway.denies(a_request({longest + "n": "1"}), *NAMES_TOO_LONG)
    Gateway(removing("x-debug")).allows(a_request({longest + "n": "1"}))


@pytest.mark.parametrize(
    ("patterns", "most"),
    [
        (["x-[0-9]{4}"], 4_096),
        ([".*a.{100}c"], 1_024),
        ([f"x-{n}-{'y' * 900}.*" for n in range(50)], STEPS // 50),
    ],
)
def test_all_header_names_together_are_bounded(patterns: list[str], most: int) -> None:
    """Where patterns take long for each character."""
    gateway = Gateway(removing(*patterns))
    for count in range(250):
        headers = {f"x-{number:03}-{'n' * 200}": "1" for number in range(count)}
        if isinstance(gateway.ask(a_request(headers)), type(gateway.ask(a_request()))):
            continue
        gateway.denies(a_request(headers), *NAMES_TOO_LONG)
        assert count * 206 > most
        break
    else:
        raise AssertionError("no number of names is refused")


def test_usual_requests_are_within_the_bounds() -> None:
    """Whatever the patterns are."""
    headers = {f"x-usual-header-{n:02}": "1" for n in range(50)}
    Gateway(removing(".*a.{100}c")).allows(a_request(headers))
