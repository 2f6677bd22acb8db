"""Which hosts have one reading only."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.policy.request.canonical_host import MAX_CHARS, is_canonical, obstacle_in_host
from adapter.policy.verdicts import DenyReason
from tests.unit.policy.gateway import Gateway, a_request

labels = st.from_regex(r"[A-Za-z0-9_-]{0,8}[A-Za-z_-]", fullmatch=True)
ports = st.just("") | st.integers(0, 65535).map(":{}".format)


@given(st.lists(labels, min_size=1, max_size=5).map(".".join), ports)
def test_names_are_canonical(name: str, port: str) -> None:
    """Underscores too, which names of services in containers have."""
    assert is_canonical(name + port)


@given(st.ip_addresses(), ports)
def test_addresses_are_canonical(address: object, port: str) -> None:
    """As Python writes them."""
    text = str(address)
    assert is_canonical((f"[{text}]" if ":" in text else text) + port)


@given(st.text(max_size=30))
def test_a_canonical_host_has_no_second_reading(text: str) -> None:
    """It holds nothing that separates, encodes or hides something."""
    if text and is_canonical(text):
        assert text.isascii()
        assert not set(text) & set("@,%/\\?#; \t\r\n\0\"'<>|^`{}=&+*!$()~")
        name = text.partition("]")[0] if text.startswith("[") else text.partition(":")[0]
        assert text.startswith("[") or all(name.split("."))


@pytest.mark.parametrize("authority", ["", "localhost", "a.test:8443", "0x.test", "1.test", "a.0b"])
def test_plain_hosts_pass(authority: str) -> None:
    """An empty one is no host."""
    assert obstacle_in_host(authority) is None


@pytest.mark.parametrize(
    "authority",
    [
        "a.test.",
        "a.test..",
        ".a.test",
        "a..test",
        ".",
        "a.test:",
        "a.test:80:80",
        "a.test:123456",
        "a.test:+80",
        "a.test:٨٠",
        "user@a.test",
        "a.test,b.test",
        "a.test%2e",
        "a.test b.test",
        " a.test",
        "a.test\n",
        "a.test:80\n",
        "a\0.test",
        "a.test\x7f",
        "a\u3002test",
        "ä.test",
        "127.1",
        "0x7f000001",
        "2130706433",
        "127.0.0.1.5",
        "127.0.0.01",
        "256.0.0.1",
        "[::1",
        "::1",
        "[0::1]",
        "[::01]",
        "[::ffff:127.0.0.1]",
        "[fe80::1%25eth0]",
        "[fe80::1%eth0]",
        "[:]",
        "[::1]x",
        "[::1].",
        "a" * (MAX_CHARS + 1),
    ],
)
def test_hosts_with_a_second_reading_do_not_pass(authority: str) -> None:
    """Some server or library takes each of them for another host."""
    refusal = obstacle_in_host(authority)
    assert refusal is not None
    assert (refusal.reason, refusal.status) == (DenyReason.AMBIGUOUS_HOST, 400)


def test_the_host_matters_only_where_it_chose_the_api() -> None:
    """A gateway with one API takes any host."""
    request = a_request(authority="shop.test..")
    Gateway().allows(request)
    marked = request._replace(chosen_by_host=True)
    Gateway().denies(marked, DenyReason.AMBIGUOUS_HOST, 400)
    Gateway().allows(marked._replace(authority="shop.test"))
