"""Gets JSON from an admin interface, bounded in time and bytes, without proxy or redirects."""

import http.client
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Timer
from typing import Any, Final
from urllib.parse import urlsplit

from adapter.doctor.reading.documents import MOST_BYTES, parse_json
from adapter.errors import ConfigurationError

OPTION: Final = "--envoy"
TIMEOUT_S: Final = 10.0
"""For connecting, and for the whole answer."""


def get_json(base: str, path: str, timeout_s: float) -> Any:
    """The answer of the admin interface at `base` to GET `path`.

    Raises ConfigurationError if the address cannot be used, nobody answers in time, or the answer
    is an error, too long, or not JSON.
    """
    host, port = _host_and_port(base)
    try:
        body = _get(host, port, path, timeout_s)
    except TimeoutError:
        raise ConfigurationError(
            f"{OPTION} {base}: no complete answer to {path} within {timeout_s:g} s"
        ) from None
    except (OSError, http.client.HTTPException, ValueError) as e:
        reason = getattr(e, "strerror", None) or str(e) or type(e).__name__
        raise ConfigurationError(
            f"{OPTION} {base}: cannot read {path}: {reason}. Is this the right address?"
        ) from None
    return parse_json(body, f"{OPTION} {base}: the answer to {path}")


def _host_and_port(base: str) -> tuple[str, int]:
    try:
        url = urlsplit(base)
        host, port = url.hostname, url.port or 80
    except ValueError:
        host, port = None, 0
    if not host or url.scheme != "http" or url.path.strip("/") or url.query or url.username:
        raise ConfigurationError(
            f"{OPTION} {base!r} is not of the form http://HOST:PORT, as in http://127.0.0.1:9901"
        )
    return host, port


def _get(host: str, port: int, path: str, timeout_s: float) -> bytes:
    connection = http.client.HTTPConnection(host, port, timeout=timeout_s)
    try:
        connection.connect()
        with _ended_after(timeout_s, connection.sock):
            connection.request("GET", path, headers={"accept": "application/json"})
            with connection.getresponse() as answer:
                if answer.status != http.HTTPStatus.OK:
                    raise ValueError(f"the answer is {answer.status}")
                body = answer.read(MOST_BYTES + 1)
    finally:
        connection.close()
    if len(body) > MOST_BYTES:
        raise ValueError(f"the answer is longer than {MOST_BYTES >> 20} MiB")
    return body


@contextmanager
def _ended_after(timeout_s: float, connection: socket.socket) -> Iterator[None]:
    """Raise TimeoutError if the block takes longer, however slowly bytes arrive.

    A socket's own timeout begins again with each byte.
    """
    has_ended = Event()

    def end() -> None:
        has_ended.set()
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)

    timer = Timer(timeout_s, end)
    timer.start()
    try:
        yield
    except (OSError, http.client.HTTPException):
        if has_ended.is_set():
            raise TimeoutError from None
        raise
    finally:
        timer.cancel()
    if has_ended.is_set():
        raise TimeoutError
