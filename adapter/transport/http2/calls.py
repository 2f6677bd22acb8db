# mypyc: compiled
"""Reads calls from the header fields of requests (gRPC's PROTOCOL-HTTP2, "Requests")."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Final, TypeAlias, TypeVar

from mypy_extensions import mypyc_attr

from adapter.transport.caller_token import ANYONE, UNKNOWN_CALLER, CallerToken
from adapter.transport.http2.frames import ErrorCode
from adapter.transport.http2.header_fields import (
    PLACEHOLDER,
    PLAIN,
    PROTOCOL,
    PSEUDO,
    Field,
    filled,
)
from adapter.transport.http2.hpack_blocks import BlockDecoder, Shape
from adapter.transport.service import ClientStreamMethod, Metadata, StatusCode, UnaryMethod

_TIMEOUT: Final = re.compile(r"([0-9]{1,8})([HMSmun])")
_UNIT_S: Final = {"H": 3600.0, "M": 60.0, "S": 1.0, "m": 1e-3, "u": 1e-6, "n": 1e-9}
_GRPC: Final = re.compile(r"application/grpc(?:$|[+;])")
_REMEMBERED_CALLS: Final = 64
_REMEMBERED_BLOCK_SIZE: Final = 1024
_REMEMBERED_LIST_BYTES: Final = 4096
"""Envoy's fields take about 1,000 bytes. Larger lists are read again each time."""
_Key = TypeVar("_Key")


class MalformedRequest(Exception):  # noqa: N818 - the peer's fault, answered with RST_STREAM
    """The fields are not a valid HTTP request (RFC 9113, 8.1.1)."""

    code: ClassVar = ErrorCode.PROTOCOL_ERROR


@dataclass(frozen=True, slots=True)
class ServerStreamMethod:
    """One message in, many out, until the client ends the stream. `Health/Watch` is one."""

    path: str
    open: Callable[[bytes, Callable[[bytes], None]], Callable[[], None]]
    """Gets the message and a function that sends. Returns a function to call at the stream's end.

    Raises RpcError to refuse the call.
    """
    needs_token: bool = True


Route: TypeAlias = UnaryMethod | ClientStreamMethod | ServerStreamMethod


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is not an acceptable call."""

    http_status: int
    """200 if gRPC has a status for it; another status if the request is not gRPC."""
    grpc_status: int
    message: str
    kind: str = ""
    """The member of `limits.KINDS` to count; empty if none."""
    detail: str = ""
    """What exactly is refused, for the log. The client has chosen it."""


_TOO_MANY_FIELDS: Final = Refusal(
    200, StatusCode.RESOURCE_EXHAUSTED, "the request's metadata is too large", "header_list"
)
_NOT_GRPC: Final = Refusal(
    415, 0, "this server accepts gRPC only: use content-type application/grpc\n", "not_grpc"
)
_NOT_POST: Final = Refusal(405, 0, "this server accepts gRPC only: use method POST\n", "not_grpc")
_UNKNOWN_METHOD: Final = Refusal(200, StatusCode.UNIMPLEMENTED, "unknown method", "unknown_method")
_LONGEST_DETAIL: Final = 100
_NO_TOKEN: Final = Refusal(200, StatusCode.UNAUTHENTICATED, UNKNOWN_CALLER, "unauthenticated")
_NO_TOKEN_OF_STREAM: Final = replace(_NO_TOKEN, kind="stream_unauthenticated")
_BAD_TIMEOUT: Final = Refusal(200, StatusCode.INTERNAL, "malformed grpc-timeout")


@mypyc_attr(acyclic=True)
class Call:
    """A request without its body. Requests with the same fields share one, so it is immutable."""

    __slots__ = (
        "compressed",
        "content_length",
        "list_bytes",
        "metadata",
        "refusal",
        "route",
        "timeout_s",
        "unary",
    )

    def __init__(
        self,
        *,
        unary: Callable[[bytes, Metadata], bytes | Awaitable[bytes]] | None,
        metadata: Metadata,
        content_length: int,
        route: Route | None,
        refusal: Refusal | None,
        timeout_s: float | None,
        compressed: bool,
        list_bytes: int,
    ) -> None:
        self.unary: Final = unary
        """The handler, if the method is unary. The fast path needs nothing else."""
        self.metadata: Final = metadata
        self.content_length: Final = content_length
        """The length of the body, or -1 if unknown."""
        self.route: Final = route
        """None if no method has this path. A refused call may have a route."""
        self.refusal: Final = refusal
        self.timeout_s: Final = timeout_s
        self.compressed: Final = compressed
        """Whether its messages may be compressed, which is not supported."""
        self.list_bytes: Final = list_bytes
        """The size of its fields, as HPACK counts it."""


class CallReader:
    """Reads calls from one connection's field blocks, and caches them.

    Envoy repeats the same bytes for each call, so the call of a block is cached. Two rules keep
    this correct with HPACK. A block that changes the dynamic table is never cached, because it
    must change the table each time. When the table changes, the cache is cleared, because the same
    bytes may then name other entries.

    With tracing, each block has a new field and changes the table. The other fields are still the
    same table entries. Then the result is the cached call with the same shape, plus the new field.

    Nothing is cached before `trust`, so that memory is used only for known clients. Until then,
    `accepted` is called for each accepted call.
    """

    def __init__(
        self,
        decoder: BlockDecoder,
        routes: Mapping[str, Route],
        max_list_bytes: int,
        token: CallerToken = ANYONE,
        accepted: Callable[[Call], None] | None = None,
    ) -> None:
        self._decoder = decoder
        self._routes = routes
        self._max_list_bytes = max_list_bytes
        self._token = token
        self._accepted = accepted
        self._remembers = False
        self.remembered: dict[bytes, Call] = {}
        """The cached calls by block."""
        self._by_shape: dict[Shape, Call] = {}
        self._shape: Shape | None = None
        """The shape of the last cached call; `_call` is that call without new metadata."""
        self._call: Call

    def trust(self) -> None:
        """Cache calls from now on."""
        self._remembers = self._decoder.remembers = True

    def read(self, block: bytes) -> Call:
        """Read a call; raises MalformedRequest, or ConnectionFault for an invalid block."""
        return self.remembered.get(block) or self.read_anew(block)

    def read_anew(self, block: bytes) -> Call:
        """Read a call whose block is not cached."""
        decoder = self._decoder
        before = decoder.changes
        shape, new = decoder.decode(block)
        lasting = decoder.changes == before
        if not lasting:
            self.remembered.clear()
        call = self._call if shape is self._shape else self._of_shape(shape)
        if new:
            call = self._with(call, new) or self._read_call(filled(shape, new))
        if lasting and len(block) <= _REMEMBERED_BLOCK_SIZE and self._may_remember(call):
            _remember(self.remembered, block, call)
        return call

    def read_trailers(self, block: bytes) -> bool:
        """Read the block of trailers. Returns whether it is valid (RFC 9113, 8.1)."""
        shape, _ = self._decoder.decode(block)
        self.remembered.clear()
        return all(field.role in {PLAIN, PROTOCOL, PLACEHOLDER} for field in shape)

    def _of_shape(self, shape: Shape) -> Call:
        known = self._by_shape.get(shape)
        if known is None:
            known = self._read_call(shape)
            if not self._may_remember(known):
                return known
            _remember(self._by_shape, shape, known)
        self._decoder.expect(shape)
        self._shape, self._call = shape, known
        return known

    def _may_remember(self, call: Call) -> bool:
        return self._remembers and call.list_bytes <= _REMEMBERED_LIST_BYTES

    def _with(self, known: Call, new: list[Field]) -> Call | None:
        """The known call plus new metadata; None if it must be read again, as with a new token."""
        if known.refusal is not None:
            return None
        metadata = dict(known.metadata)
        list_bytes = known.list_bytes
        for field in new:
            metadata[field.name] = field.value
            list_bytes += field.size
        if list_bytes > self._max_list_bytes or len(metadata) != len(known.metadata) + len(new):
            return None
        return Call(
            unary=known.unary,
            metadata=metadata,
            content_length=known.content_length,
            route=known.route,
            refusal=None,
            timeout_s=known.timeout_s,
            compressed=known.compressed,
            list_bytes=list_bytes,
        )

    def _read_call(self, fields: Sequence[Field]) -> Call:
        call = read_call(fields, self._routes, self._max_list_bytes, self._token)
        if not self._remembers and call.refusal is None and self._accepted is not None:
            self._accepted(call)
        return call


def _remember(memory: dict[_Key, Call], key: _Key, call: Call) -> None:
    if len(memory) >= _REMEMBERED_CALLS:
        memory.clear()
    memory[key] = call


def read_call(
    fields: Sequence[Field],
    routes: Mapping[str, Route],
    max_list_bytes: int,
    token: CallerToken = ANYONE,
) -> Call:
    """The call that header fields describe; raises MalformedRequest (RFC 9113, 8.1.1 and 8.3.1)."""
    metadata: dict[str, str] = {}
    request: dict[str, str] = {}
    own: dict[str, str] = {}
    list_bytes = 0
    in_pseudo_fields = True
    for field in fields:
        role, name = field.role, field.name
        list_bytes += field.size
        in_pseudo_fields = in_pseudo_fields and role == PSEUDO
        if role == PLAIN:
            metadata[name] = field.value
        elif role == PROTOCOL:
            own[name] = field.value
        elif in_pseudo_fields and name not in request:
            request[name] = field.value
        elif role != PLACEHOLDER:
            raise MalformedRequest(f"the field {name!r} is not allowed there")
    if not (request.get(":method") and request.get(":scheme") and request.get(":path")):
        raise MalformedRequest("a request needs a method, a scheme and a path")
    route = routes.get(request[":path"])
    timeout_s = _timeout_s(own["grpc-timeout"]) if "grpc-timeout" in own else None
    if list_bytes > max_list_bytes:
        refusal: Refusal | None = _TOO_MANY_FIELDS
    else:
        refusal = _refusal(request[":method"], own.get("content-type", ""), route, timeout_s)
        if (
            refusal is None
            and route is not None
            and route.needs_token
            and not token.is_in(metadata)
        ):
            refusal = _NO_TOKEN if isinstance(route, UnaryMethod) else _NO_TOKEN_OF_STREAM
        elif refusal is _UNKNOWN_METHOD:
            refusal = replace(refusal, detail=request[":path"][:_LONGEST_DETAIL])
    return Call(
        unary=route.call if refusal is None and isinstance(route, UnaryMethod) else None,
        metadata=metadata,
        content_length=int(own.get("content-length", -1)),
        route=route,
        refusal=refusal,
        timeout_s=timeout_s,
        compressed=own.get("grpc-encoding", "identity") != "identity",
        list_bytes=list_bytes,
    )


def _refusal(
    method: str, content_type: str, route: Route | None, timeout_s: float | None
) -> Refusal | None:
    if not _GRPC.match(content_type):
        return _NOT_GRPC
    if method != "POST":
        return _NOT_POST
    if route is None:
        return _UNKNOWN_METHOD
    if timeout_s is not None and timeout_s < 0:
        return _BAD_TIMEOUT
    return None


def _timeout_s(text: str) -> float:
    """`grpc-timeout` in seconds; negative if invalid."""
    parts = _TIMEOUT.fullmatch(text)
    return int(parts[1]) * _UNIT_S[parts[2]] if parts else -1.0
