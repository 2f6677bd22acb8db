"""Where no webhook is sent."""

import pytest

from control_plane.alerts.addresses import RefusedAddressError, checked_url, resolved


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.example.com/a?b=c",
        "http://10.0.0.8:8080/",
        "https://[2001:db8::1]/",
        "http://192.168.0.1/",
    ],
)
def test_ordinary_addresses_are_taken(url: str) -> None:
    """Private networks too: webhooks are usually there."""
    assert checked_url(url, loopback=False).hostname


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "must be a URL"),
        ("hooks.example.com", "must be a URL"),
        ("file:///etc/passwd", "must be a URL"),
        ("https://", "must be a URL"),
        ("https://a:b", "must be a URL"),
        ("https://a:0/", "must be a URL"),
        ("https://[::1", "must be a URL"),
        ("https://a/ b", "must be a URL"),
        ("https://a/\u202e", "must be a URL"),
        ("https://u:p@a/", "neither a user"),
        ("https://a/#b", "fragment"),
        ("http://127.0.0.1/", "a loopback address"),
        ("http://[::1]/", "a loopback address"),
        ("http://[::ffff:127.0.0.1]/", "a loopback address"),
        ("http://169.254.169.254/latest/meta-data", "link-local or metadata"),
        ("http://[fe80::1]/", "link-local or metadata"),
        ("http://[::ffff:169.254.169.254]/", "link-local or metadata"),
        ("http://[64:ff9b::a9fe:a9fe]/", "link-local or metadata"),
        ("http://[2002:a9fe:a9fe::1]/", "link-local or metadata"),
        ("http://100.100.100.200/", "link-local or metadata"),
        ("http://[fd00:ec2::254]/", "link-local or metadata"),
        ("http://0.0.0.0/", "no address of a single host"),
        ("http://[::]/", "no address of a single host"),
        ("http://0.0.0.1/", "no address of a single host"),
        ("http://[::ffff:0.1.2.3]/", "no address of a single host"),
        ("http://[::127.0.0.1]/", "a loopback address"),
        ("http://[::169.254.169.254]/", "link-local or metadata"),
        ("http://[::ffff:0:169.254.169.254]/", "link-local or metadata"),
        ("http://[2001:0:4136:e378:8000:63bf:5601:5601]/", "link-local or metadata"),
        ("http://224.0.0.1/", "no address of a single host"),
        ("http://255.255.255.255/", "no address of a single host"),
    ],
)
def test_other_addresses_are_refused(url: str, reason: str) -> None:
    """The message says why."""
    with pytest.raises(RefusedAddressError, match=reason):
        checked_url(url, loopback=False)


def test_loopback_can_be_allowed() -> None:
    """For development; other addresses that only this machine may mean stay refused."""
    for url in ("http://127.0.0.1/", "http://[::1]/", "http://[::127.0.0.1]/"):
        assert checked_url(url, loopback=True).hostname
    with pytest.raises(RefusedAddressError, match="no address of a single host"):
        checked_url("http://0.0.0.1/", loopback=True)


async def test_names_are_checked_when_they_are_resolved() -> None:
    """A name may stand for any address, written in any way."""
    assert await resolved("localhost", 80, loopback=True) in ("127.0.0.1", "::1")
    for name in ("localhost", "2130706433", "127.1"):
        with pytest.raises(RefusedAddressError, match="a loopback address"):
            await resolved(name, 80, loopback=False)
    with pytest.raises(RefusedAddressError, match="link-local"):
        await resolved("2852039166", 80, loopback=True)
    for name in ("no-such-host.invalid", "a" * 70):
        with pytest.raises(RefusedAddressError, match="can't be resolved"):
            await resolved(name, 80, loopback=True)
