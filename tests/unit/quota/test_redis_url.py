"""URLs of shared stores."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.errors import ConfigurationError
from adapter.quota.redis.url import RedisUrl


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("redis://store", RedisUrl("server", False, (("store", 6379),))),
        (
            "rediss://me:s%40fe@store:1/2",
            RedisUrl("server", True, (("store", 1),), "me", "s@fe", 2),
        ),
        ("redis://:secret@[::1]:7", RedisUrl("server", False, (("::1", 7),), None, "secret")),
        (
            "redis+sentinel://a,b:5/quotas/1",
            RedisUrl("sentinel", False, (("a", 26379), ("b", 5)), database=1, service="quotas"),
        ),
        (
            "rediss+cluster://me:x@a:1,b:2",
            RedisUrl("cluster", True, (("a", 1), ("b", 2)), "me", "x"),
        ),
    ],
)
def test_every_form_is_read(text: str, expected: RedisUrl) -> None:
    """As the documentation shows them."""
    assert RedisUrl.parse(text) == expected


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("http://store", "the scheme must be one of redis, rediss"),
        ("redis://", "'' is not HOST"),
        ("redis://a:99999", "'a:99999' is not HOST or HOST:PORT"),
        ("redis://a,b", "several hosts need the scheme redis+sentinel or redis+cluster"),
        ("redis://a/first", "'first' is not the number of a database"),
        ("redis+sentinel://a", "must name the Sentinel's service"),
        ("redis+cluster://a/1", "a cluster has database 0 only"),
        ("redis://a?ssl=true", "a query or fragment"),
        ("redis://[::1", "not a URL"),
    ],
)
def test_a_fault_is_named(text: str, fault: str) -> None:
    """With what would be right."""
    with pytest.raises(ConfigurationError, match=r"^quota\.url: ") as failure:
        RedisUrl.parse(text)
    assert fault in str(failure.value)


def test_all_faults_are_named_at_once() -> None:
    """Not one for each restart."""
    with pytest.raises(ConfigurationError, match=r"(?s)scheme.*query.*HOST.*database"):
        RedisUrl.parse("http://:1/x?y")


def test_passwords_stay_secret() -> None:
    """In what is logged of a good URL and of a bad one."""
    assert "hunter2" not in repr(RedisUrl.parse("redis://me:hunter2@store"))
    with pytest.raises(ConfigurationError) as failure:
        RedisUrl.parse("redis://me:hunter2@store:port/x")
    assert "hunter2" not in str(failure.value)


@given(st.text() | st.text().map(lambda text: f"redis://{text}"))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Never a crash."""
    with suppress(ConfigurationError):
        assert RedisUrl.parse(text).nodes
