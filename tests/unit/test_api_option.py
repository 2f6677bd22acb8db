"""How `--api` is read, and what it says about mistakes."""

import pytest

from adapter.cli.api_option import read_api
from adapter.envoy_config import ApiRoute
from adapter.envoy_config.validation import route_faults
from adapter.errors import ConfigurationError

UPSTREAM = "10.0.0.1:80"


@pytest.mark.parametrize(
    ("text", "route"),
    [
        ("1=http://10.0.0.1:80", ApiRoute("1", UPSTREAM)),
        ("1=http://10.0.0.1:80/", ApiRoute("1", UPSTREAM)),
        ("1=HTTP://10.0.0.1:80/Orders", ApiRoute("1", UPSTREAM, path_prefix="/Orders")),
        ("1@Shop.Test=http://10.0.0.1:80", ApiRoute("1", UPSTREAM, ("shop.test",))),
        ("1@*.test=grpc://10.0.0.1:80", ApiRoute("1", UPSTREAM, ("*.test",), grpc=True)),
        ("1=https://shop:443", ApiRoute("1", "shop:443", tls=True)),
        ("1=grpcs://[::1]:443", ApiRoute("1", "[::1]:443", grpc=True, tls=True)),
        (
            "1/orders=http://10.0.0.1:80/internal/orders",
            ApiRoute("1", UPSTREAM, path_prefix="/orders", upstream_prefix="/internal/orders"),
        ),
        (
            "1@[::1]/orders=http://10.0.0.1:80",
            ApiRoute("1", UPSTREAM, ("[::1]",), "/orders", upstream_prefix="/"),
        ),
        ("1/=http://10.0.0.1:80/shop", ApiRoute("1", UPSTREAM, upstream_prefix="/shop")),
        ("1/a=http://10.0.0.1:80/a/", ApiRoute("1", UPSTREAM, path_prefix="/a")),
        ("1=http://10.0.0.1:80/a@b=c", ApiRoute("1", UPSTREAM, path_prefix="/a@b=c")),
    ],
)
def test_what_it_says(text: str, route: ApiRoute) -> None:
    """Left of `=`: what clients send; right of it: where Envoy sends it."""
    assert read_api(text) == route
    assert list(route_faults([route])) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1", "is not ID[@DOMAIN][/PREFIX]=http://HOST:PORT[/PREFIX]"),
        ("1=10.0.0.1:80", "is not ID[@DOMAIN]"),
        ("http://10.0.0.1:80/x", "is not ID[@DOMAIN]"),
        ("1=ftp://10.0.0.1:21", "unknown scheme 'ftp'; use http, https, grpc or grpcs"),
        ("1=h2c://10.0.0.1:80", "unknown scheme 'h2c'"),
        ("1=https://shop.test/x", "the URL has no port; write https://shop.test:443"),
        ("1=http://[::1]", "the URL has no port; write http://[::1]:80"),
        ("1=http://user:pw@10.0.0.1:80", "has a user or password, which Envoy does not send"),
        ("1=http://10.0.0.1:80/x?y=1", "the URL has a query or a fragment; leave it out"),
        ("1=http://10.0.0.1:80#x", "the URL has a query or a fragment; leave it out"),
    ],
)
def test_urls_that_cannot_be_used(text: str, message: str) -> None:
    """Each mistake is named, with the fix."""
    with pytest.raises(ConfigurationError) as raised:
        read_api(text)
    assert message in str(raised.value)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("1=http://:80", "upstream ':80' is not of the form host:port"),
        ("1=http://shop:", "upstream 'shop:' is not of the form host:port"),
        ("1=http://shop:99999", "upstream 'shop:99999' has a port above 65535"),
        ("1=http://shop:0", "upstream 'shop:0' has port 0: name the port on which"),
        ("1=http://::1:80", "has an IPv6 address without brackets: write it as [2001:db8::1]:80"),
        ("1=http://[::zz]:80", "upstream '[::zz]:80' has no host name or IP address before its"),
        ("1=http://sh op:80", "upstream 'sh op:80' has no host name or IP address before its"),
        ("1=http://10.0.0.999:80", "has no host name or IP address before its port"),
        ("1=http://münchen.test:80", "has letters outside ASCII: write the form of DNS"),
        ("1@münchen.test=http://a:80", "domain 'münchen.test' has letters outside ASCII"),
        ("1@shop.test:8080=http://a:80", "domain 'shop.test:8080' has a port: leave it out"),
        ("1@[::1]:8080=http://a:80", "domain '[::1]:8080' has a port: leave it out"),
        ("1@shop.test.=http://a:80", "domain 'shop.test.' ends with a dot: leave it out"),
        ("1@a.*.test=http://a:80", "has '*' at another place than the start"),
        ("1@shop.*=http://a:80", "has '*' at another place than the start"),
        ("1@*shop.test=http://a:80", "has '*' at another place than the start"),
        ("1@*.=http://a:80", "is empty: write shop.example.com"),
        ("1@=http://a:80", "domain '' is empty: write shop.example.com"),
        ("1@x@shop.test=http://a:80", "domain 'x@shop.test' is no host"),
        ("1@1.2.3=http://a:80", "domain '1.2.3' is no host"),
        ("=http://a:80", "API : the id may contain letters, digits, '.', '_' and '-'"),
        ("1 2=http://a:80", "API 1 2: the id may contain"),
        ("1=http://a:80/x;y", "prefix '/x;y' can be read in several ways"),
        ("1=http://a:80//x", "prefix '//x' can be read in several ways"),
        ("1=http://a:80/a/../b", "prefix '/a/../b' can be read in several ways"),
        ("1=http://a:80/%61", "prefix '/%61' can be read in several ways"),
        ("1/x=http://a:80/y%2Fz", "prefix '/y%2Fz' can be read in several ways"),
        ("1/ü=http://a:80", "prefix '/ü' can be read in several ways"),
    ],
)
def test_routes_that_cannot_be_used(text: str, fault: str) -> None:
    """Each mistake is named, with the fix."""
    (found,) = route_faults([read_api(text)])
    assert fault in found


@pytest.mark.parametrize(
    ("texts", "fault"),
    [
        (
            ("1=http://a:80/x", "2=http://b:80/x/"),
            "APIs 1 and 2 have the same domain and path: */x/",
        ),
        (
            ("1@A.test=http://a:80", "2@a.test=http://b:80"),
            "APIs 1 and 2 have the same domain and path: a.test/",
        ),
        (
            ("1=http://a:80/x", "1=http://b:80/x"),
            "API 1: given twice for the same domain and path: */x",
        ),
        (
            ("1=http://a:80/x", "2=https://a:80/y"),
            "upstream a:80: used for both http and https; use one",
        ),
    ],
)
def test_routes_that_contradict_each_other(texts: tuple[str, ...], fault: str) -> None:
    """Envoy would take the first and forget the second, or refuse the whole configuration."""
    assert list(route_faults([read_api(text) for text in texts])) == [fault]


@pytest.mark.parametrize(
    "texts",
    [
        ("1=http://a:80/pay", "2=http://a:80/pay/cards", "3=http://a:80"),
        ("1@a.test=http://a:80", "1@b.test=http://a:80", "1@a.test=http://b:80/x"),
        ("1@shop.test=http://a:80", "2@*.test=http://a:80", "3=http://a:80"),
    ],
)
def test_routes_that_have_an_order(texts: tuple[str, ...]) -> None:
    """The longer path and the more exact domain go first; one API may have several places."""
    assert list(route_faults([read_api(text) for text in texts])) == []


@pytest.mark.parametrize(
    "text",
    [
        "1=http://me:hidden@10.0.0.1:80",
        "1=ftp://hidden@10.0.0.1:80",
        "1=me:hidden@10.0.0.1:80",
        "1=http://me:hid=den@10.0.0.1:80",
        "http://me:hidden@10.0.0.1:80",
    ],
)
def test_a_password_is_not_repeated(text: str) -> None:
    """A message may end up in a log."""
    with pytest.raises(ConfigurationError) as raised:
        read_api(text)
    assert "hid" not in str(raised.value)
