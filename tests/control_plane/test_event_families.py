"""Path templates, families of user agents and buckets of response times."""

import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control_plane.analytics.path_templates import path_template
from control_plane.analytics.response_times import bucket, milliseconds_of, percentile
from control_plane.analytics.user_agents import agent_family


@pytest.mark.parametrize(
    ("path", "template"),
    [
        ("/", "/"),
        ("", ""),
        ("/orders/1042/items/7", "/orders/{id}/items/{id}"),
        ("/v2/orders", "/v2/orders"),
        ("/users/0b8f9c1e-1f0a-4f0e-9a55-3b8a6a3f1c2d", "/users/{id}"),
        ("/commits/9fceb02d0ae598e95dc970b74767f19372d61af8", "/commits/{id}"),
        ("/users/ann@example.com/orders", "/users/{id}/orders"),
        ("/users/ann%40example.com", "/users/{id}"),
        ("/days/2026-11-28", "/days/{id}"),
        ("/tokens/eyJhbGciOiJIUzI1NiJ9xyzabc", "/tokens/{id}"),
        ("/terms-and-conditions-of-sale", "/terms-and-conditions-of-sale"),
        ("/faded/cafe", "/faded/cafe"),
        ("/a" * 300, "/a" * 11 + "/{more}"),
        ("/" + "a-" * 20 + "/" + "é b" * 90, "/" + "a-" * 20 + "/{id}"),
        ("/aaaaaaaaaa" * 40, "/aaaaaaaaaa" * 11 + "/{more}"),
    ],
)
def test_ids_in_paths_become_one_template(path: str, template: str) -> None:
    """Words and versions stay, ids go."""
    assert path_template(path) == template


@pytest.mark.parametrize(
    ("user_agent", "family"),
    [
        (None, ""),
        ("", ""),
        ("curl/8.5.0", "curl"),
        ("okhttp/4.12.0", "okhttp"),
        ("python-requests/2.32", "python-requests"),
        ("Mozilla/5.0 (X11) AppleWebKit/537.36 Chrome/142.0 Safari/537.36", "Chrome"),
        ("Mozilla/5.0 (X11) AppleWebKit/537.36 Chrome/142.0 Safari/537.36 Edg/142.0", "Edge"),
        ("Mozilla/5.0 (Macintosh) AppleWebKit/605.1 Version/18.0 Safari/605.1", "Safari"),
        ("Mozilla/5.0 (X11; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox"),
        ("Mozilla/5.0 (compatible; Googlebot/2.1)", "Googlebot"),
        ("Mozilla/5.0 (something)", "other browsers"),
        ("(=1+1)", "unusual"),
    ],
)
def test_user_agents_have_families(user_agent: str | None, family: str) -> None:
    """Browsers by their names, other clients by their product."""
    assert agent_family(user_agent) == family


@given(
    times=st.lists(st.integers(0, 10_000_000), min_size=1), percent=st.sampled_from([50, 95, 99])
)
def test_a_percentile_is_within_two_percent(times: list[int], percent: int) -> None:
    """Of the percentile by nearest rank over all times."""
    truth = sorted(times)[math.ceil(len(times) * percent / 100) - 1]
    found = percentile(Counter(map(bucket, times)), percent)
    assert found is not None
    assert abs(found - truth) <= truth * 0.02


def test_no_request_has_no_percentile() -> None:
    """And a time of nothing is nothing."""
    assert percentile({}, 50) is None
    assert milliseconds_of(bucket(0)) == 0
