"""Why aiohttp got no complete response, in words that name the setting to look at.

aiohttp's own messages name classes and error numbers, and some show what was sent or received.
"""

import errno
import os
import ssl
from typing import Final

import aiohttp
from aiohttp.http_exceptions import ContentEncodingError
from yarl import URL

from adapter.platform_client.http.exchange import (
    PLATFORM_SETTINGS,
    BrokenBodyError,
    HttpError,
    SettingNames,
)

_CHECK_PROXY: Final = "; check HTTPS_PROXY, HTTP_PROXY and ALL_PROXY in the environment"
_UNTRUSTED: Final = (
    "is not signed by a CA that is trusted here; set {0.authorities} to a PEM file with its CA"
)
_PLAIN_HTTP: Final = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE"})
"""OpenSSL's reasons when a server's first octets are not TLS."""
_TLS_RECORD: Final = r"b'\x15\x03"
"""How aiohttp's message shows a TLS alert in the place of a status line."""
_ERRNO_WORDS: Final = {
    errno.ECONNREFUSED: "refuses connections: no server runs there, or the port is wrong",
    errno.ECONNRESET: "closed the connection",
    errno.EHOSTUNREACH: "cannot be reached: there is no route to it",
    errno.ENETUNREACH: "cannot be reached: there is no route to it",
    errno.ETIMEDOUT: "does not answer: a firewall may be in between",
    errno.EMFILE: "cannot be connected to: this process has too many open files (ulimit -n)",
}
_CERTIFICATE_WORDS: Final = {
    9: "is not valid yet; check the clocks of both machines",
    10: "has expired",
    62: "is for another host; use the host that it names in {0.url}",
    64: "is for another host; use the address that it names in {0.url}",
}
"""By OpenSSL's verification code (x509_vfy.h)."""


def failure_of(
    error: aiohttp.ClientError,
    url: URL,
    proxy: URL | None,
    names: SettingNames = PLATFORM_SETTINGS,
) -> HttpError:
    """What happened to a request to that URL, which the setting `names.url` names."""
    if isinstance(error, aiohttp.ClientPayloadError):
        if isinstance(error.__cause__, ContentEncodingError):
            return BrokenBodyError("the compression of the body is invalid")
        return HttpError("the connection ended in the middle of the body")
    return HttpError(_without_response(error, url, proxy, names))


def _without_response(
    error: aiohttp.ClientError, url: URL, proxy: URL | None, names: SettingNames
) -> str:
    words = f"the request to {_named(url)} failed ({type(error).__name__})"
    match error:
        case aiohttp.ClientHttpProxyError():
            words = f"the proxy {_named(proxy)} answered {error.status}{_of_proxy(error.status)}"
        case aiohttp.ServerDisconnectedError() | aiohttp.ClientConnectionResetError():
            words = f"{_named(url)} closed the connection without a response{_tls(url)}"
        case aiohttp.ClientResponseError():
            hint = _tls(url) if _TLS_RECORD in error.message else ""
            words = f"the response of {_named(url)} is not HTTP, or too long{hint or _check(names)}"
        case aiohttp.ClientConnectorDNSError():
            words = (
                f"the host name {(proxy or url).host} cannot be resolved{_setting(proxy, names)}"
            )
        case aiohttp.ClientConnectorCertificateError():
            words = _of_certificate(error.certificate_error, url, names)
        case OSError():
            words = _of_connection(error, url, proxy, names)
    return words


def _of_certificate(cause: Exception, url: URL, names: SettingNames) -> str:
    words = _CERTIFICATE_WORDS.get(getattr(cause, "verify_code", 0), _UNTRUSTED)
    return f"the certificate of {_named(url)} {words.format(names)}"


def _of_connection(error: OSError, url: URL, proxy: URL | None, names: SettingNames) -> str:
    cause = getattr(error, "os_error", error.__cause__)
    if isinstance(cause, ssl.SSLError):
        return _of_handshake(cause, url)
    number = getattr(cause, "errno", None) or errno.ECONNRESET  # uvloop's resets have no number
    words = _ERRNO_WORDS.get(number, f"cannot be reached: {os.strerror(number)}")
    if isinstance(error, aiohttp.ClientProxyConnectionError):
        return f"the proxy {_named(proxy)} {words}{_setting(proxy, names)}"
    hint = _tls(url) if number == errno.ECONNRESET else ""
    return f"{_named(url)} {words}{hint or _check(names)}"


def _of_handshake(cause: ssl.SSLError, url: URL) -> str:
    if cause.reason in _PLAIN_HTTP:
        return (
            f"{_named(url)} does not speak TLS; if it is an HTTP server, begin the URL with http://"
        )
    reason = (cause.reason or "no reason given").lower().replace("_", " ")
    return f"the TLS handshake with {_named(url)} failed: {reason}"


def _of_proxy(status: int) -> str:
    if status == 407:
        return ": it asks for a user name and password, as in http://USER:PASSWORD@HOST:PORT"
    return "; it does not connect to the platform"


def _setting(proxy: URL | None, names: SettingNames) -> str:
    return _CHECK_PROXY if proxy else _check(names)


def _check(names: SettingNames) -> str:
    return f"; check {names.url}"


def _tls(url: URL) -> str:
    return "; if it serves TLS, begin the URL with https://" if url.scheme == "http" else ""


def _named(url: URL | None) -> str:
    """Host and port, without a user name."""
    return f"{url.host}:{url.port}" if url is not None else "in between"
