"""Where a URL leads: nobody who reads it may find another place than we."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from yarl import URL

from adapter.platform_client.http.origin import origin


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("https://platform.test", "https://platform.test:443"),
        ("HTTP://Platform.TEST:080/x", "http://platform.test:80"),
        ("https://platform.test?x#y", "https://platform.test:443"),
        ("http://platform.test./", "http://platform.test.:80"),
        ("http://control_plane:8085/", "http://control_plane:8085"),
        ("http://127.0.0.1:8085/", "http://127.0.0.1:8085"),
        ("http://[FE80::1]:8/", "http://[fe80::1]:8"),
        ("http://xn--bcher-kva.test/", "http://xn--bcher-kva.test:80"),
    ],
)
def test_a_plain_address_has_an_origin(url: str, found: str) -> None:
    """In small letters and with its port."""
    assert origin(url) == found


@pytest.mark.parametrize(
    "url",
    [
        "",
        "platform.test",
        "//platform.test/",
        "/path",
        "https:platform.test",
        "https:///platform.test",
        "https://",
        "ftp://platform.test/",
        "http://platform.test@evil.test/",
        "http://platform.test:80@evil.test/",
        "http://user:pass@platform.test/",
        "http://@platform.test/",
        "http://platform.test\\@evil.test/",
        "http://platform.test\\.evil.test/",
        "http:\\\\platform.test/",
        "http://platform.test/a\\b",
        "http://plat\tform.test/",
        "http://platform.test/\r\nhost: evil.test",
        "http://platform.test/\n",
        "\x01http://platform.test/",
        " http://platform.test/",
        "http://platform.test /",
        "http://platform.test/a b",
        "http://platform.test#@evil.test/",
        "http://platform.test;evil.test/",
        "http://platform%2etest/",
        "http://platform.test%00.evil.test/",
        "http://bücher.test/",
        "http://\uff50latform.test/",
        "http://platform。test/",
        "http://platform.test/ü",
        "http\u017f://platform.test/",
        "http://.platform.test/",
        "http://platform.test:/",
        "http://platform.test:٨٠/",
        "http://platform.test:65536/",
        "http://platform.test:-1/",
        "http://[::1/",
        "http://[1]/",
        "http://[v1.a:b]/",
        "http://[fe80::1%25eth0]/",
        "http://[::1]evil.test/",
        "http://[::1].evil.test/",
        "http://::1/",
    ],
)
def test_what_parsers_may_read_in_several_ways_has_none(url: str) -> None:
    """Users, backslashes, blanks, control characters, escapes in the host, and beyond ASCII."""
    assert origin(url) == ""


PARTS = ["http", "HTTPS", "://", "//", ":", "@", "/", "\\", "?", "#", ".", "[", "]", "[::1]", "a:1"]
TEXTS = ["a.test", "EVIL", "80", "0443", "99999", "%2e", "\t", "\n", " ", "ü", "。", "-", "_"]
PIECES = st.lists(st.sampled_from(PARTS + TEXTS) | st.text(max_size=3), max_size=10).map("".join)


@given(PIECES | PIECES.map("http://".__add__) | PIECES.map("https://a.test".__add__))
@example("HTTP://A.test:080/x?y#z")
def test_the_connection_goes_where_we_looked(url: str) -> None:
    """Where we find an origin, yarl finds the same, and so connects aiohttp."""
    found = origin(url)
    if found:
        read = URL(url, encoded=True)
        assert (read.raw_user, read.raw_password) == (None, None)
        host = f"[{read.raw_host}]" if ":" in str(read.raw_host) else str(read.raw_host)
        assert f"{read.scheme}://{host.lower()}:{read.port}" == found
