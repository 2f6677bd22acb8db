"""What a failure of the server means to an operator, without addresses of objects and numbers."""

import errno
import ssl
from collections.abc import Mapping
from typing import Final

from redis.asyncio.sentinel import MasterNotFoundError
from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    InvalidResponse,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisClusterException,
    ResponseError,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from adapter.runtime.system_errors import system_words

_LONGEST_ANSWER: Final = 200
_OLD: Final = "it does not know what the adapter needs: use Redis 6 or newer, or Valkey"
_CREDENTIALS: Final = "it refuses the user name or password; check quota.url"
_READ_ONLY: Final = "it is a read-only replica; name the primary in quota.url"
_FULL: Final = "its memory is full; raise its maxmemory"
_SLOW: Final = (
    "it does not answer in time; check the host in quota.url, and whether it serves TLS (rediss://)"
)
_IN_ANSWERS: Final[Mapping[str, str]] = {
    "NOAUTH": _CREDENTIALS,
    "WRONGPASS": _CREDENTIALS,
    "-READONLY": _READ_ONLY,
    "-OOM": _FULL,
    "unknown command `SENTINEL`": "it is not a Sentinel; check quota.url",
    "unknown command": _OLD,
    "syntax error": _OLD,
}
"""By a part of the server's answer. Failures inside the script have no class of their own."""
_MEANING: Final[tuple[tuple[type[BaseException], str], ...]] = (
    (AuthenticationError, _CREDENTIALS),
    (
        NoPermissionError,
        "its user lacks rights; allow PING, EVAL, EVALSHA, GET, SET and PTTL on the keys of "
        "quota.prefix (ACL SETUSER)",
    ),
    (ReadOnlyError, _READ_ONLY),
    (OutOfMemoryError, _FULL),
    (BusyLoadingError, "it is still loading its data"),
    (
        MasterNotFoundError,
        "the Sentinels do not name a server, or cannot be reached; check the "
        "hosts and the service in quota.url",
    ),
    (
        RedisClusterException,
        "it is not a cluster, or none of its nodes can be reached; check quota.url",
    ),
    (RedisTimeoutError, _SLOW),
    (TimeoutError, _SLOW),
    (InvalidResponse, "what answers there is not Redis; check quota.url"),
)


def meaning_of(failure: BaseException) -> str:
    """The end of a sentence about the server that failed."""
    if isinstance(failure, RedisClusterException) and failure.__cause__ is not None:
        return meaning_of(failure.__cause__)
    for kind, words in _MEANING:
        if isinstance(failure, kind):
            return words
    if isinstance(failure, ResponseError):
        return _of_answer(str(failure))
    cause = failure.__cause__ or failure.__context__ or failure
    if isinstance(cause, OSError):
        return _of_connection(cause)
    if isinstance(failure, RedisConnectionError):
        return "it closed the connection"
    return f"its answer cannot be used ({type(failure).__name__})"


def _of_answer(text: str) -> str:
    found = (words for part, words in _IN_ANSWERS.items() if part in text)
    return next(found, f"it answered: {text[:_LONGEST_ANSWER]}")


def _of_connection(cause: OSError) -> str:
    if isinstance(cause, ssl.SSLCertVerificationError):
        return "its certificate is not trusted or is for another host; check quota.ca_file"
    if isinstance(cause, ssl.SSLError):
        if cause.reason in {"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE"}:
            return "it does not speak TLS; begin quota.url with redis:// instead of rediss://"
        return f"the TLS handshake failed: {system_words(cause)}"
    if cause.errno == errno.ECONNREFUSED:
        return "it refuses connections: no server runs there, or the port in quota.url is wrong"
    if isinstance(cause, ConnectionError):
        return "it closed the connection; if it serves TLS, begin quota.url with rediss://"
    return f"it cannot be reached: {system_words(cause)}; check quota.url"
