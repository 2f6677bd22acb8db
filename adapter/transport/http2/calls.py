# mypyc: compiled
"""What a request's header fields say: which call it is (gRPC's PROTOCOL-HTTP2, "Requests")."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
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
"""Envoy's fields take about 1,000. What takes more is read anew each time."""
_Key = TypeVar("_Key")


class MalformedRequest(Exception):  # noqa: N818 - the peer's fault, answered with RST_STREAM
    """The fields make no HTTP request (RFC 9113, 8.1.1)."""

    code: ClassVar = ErrorCode.PROTOCOL_ERROR


@dataclass(frozen=True, slots=True)
class ServerStreamMethod:
    """One message in, many out, until the client ends it: what `Health/Watch` is."""

    path: str
    open: Callable[[bytes, Callable[[bytes], None]], Callable[[], None]]
    """Given the message and what sends; gives what to call once when the stream has ended.

    Raises RpcError to refuse.
    """
    needs_token: bool = True


Route: TypeAlias = UnaryMethod | ClientStreamMethod | ServerStreamMethod


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is no call that we take."""

    http_status: int
    """200 where gRPC has a word for it; anything else where the request is not gRPC."""
    grpc_status: int
    message: str
    kind: str = ""
    """Under what it is counted, if it is."""


_TOO_MANY_FIELDS: Final = Refusal(
    200, StatusCode.RESOURCE_EXHAUSTED, "the request's metadata is too large", "header_list"
)
_NOT_GRPC: Final = Refusal(415, 0, "this server speaks gRPC only: content-type application/grpc\n")
_NOT_POST: Final = Refusal(405, 0, "this server speaks gRPC only: method POST\n")
_UNKNOWN_METHOD: Final = Refusal(200, StatusCode.UNIMPLEMENTED, "unknown method")
_NO_TOKEN: Final = Refusal(200, StatusCode.UNAUTHENTICATED, UNKNOWN_CALLER, "unauthenticated")
_BAD_TIMEOUT: Final = Refusal(200, StatusCode.INTERNAL, "malformed grpc-timeout")


@mypyc_attr(acyclic=True)
class Call:
    """A request without its body. Requests with the same fields share one: nobody changes it."""

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
        """What answers, if the method is unary: the fast path looks no further."""
        self.metadata: Final = metadata
        self.content_length: Final = content_length
        """The body's octets, or -1 where the client does not say."""
        self.route: Final = route
        """None where no method has that path. A refused call may have one."""
        self.refusal: Final = refusal
        self.timeout_s: Final = timeout_s
        self.compressed: Final = compressed
        """Whether its messages may come compressed, which we do not read."""
        self.list_bytes: Final = list_bytes
        """The size of its fields, as HPACK counts."""


class CallReader:
    """Reads the calls out of one connection's field blocks, and what it has read before it knows.

    Envoy repeats its block octet by octet, so the call of a block is remembered, by a rule that
    keeps HPACK right: a block that changes the table is never remembered, since it would have to
    change it each time, and when the table changes all is forgotten, since the same octets may name
    other entries then.

    With tracing on each block brings a new field, and changes the table. Then the other fields are
    still the same table entries, and the call is the remembered one of that shape and the new
    field.

    Nothing is remembered before `trust`: so memory is spent on clients that have shown who they
    are, and `accepted` is told of each call of the others that we take.
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
        """Calls by their blocks: what `read` would say, at the cost of a look-up."""
        self._by_shape: dict[Shape, Call] = {}
        self._shape: Shape | None = None
        """Of the last call, if that is remembered; `_call` is what it says without new metadata."""
        self._call: Call

    def trust(self) -> None:
        """Remember calls from here on."""
        self._remembers = self._decoder.remembers = True

    def read(self, block: bytes) -> Call:
        """The call; raises MalformedRequest, or ConnectionFault for a block that is broken."""
        return self.remembered.get(block) or self.read_anew(block)

    def read_anew(self, block: bytes) -> Call:
        """The same for a block that is not remembered."""
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
        """Take a block that ends a request; tells whether trailers may be so (RFC 9113, 8.1)."""
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
        """That call and new metadata, unless this takes a closer look: the token may be new."""
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
            raise MalformedRequest(f"the field {name!r} may not stand there")
    if not (request.get(":method") and request.get(":scheme") and request.get(":path")):
        raise MalformedRequest("a request names its method, scheme and path")
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
            refusal = _NO_TOKEN
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
    """`grpc-timeout` in seconds; negative where it is none."""
    parts = _TIMEOUT.fullmatch(text)
    return int(parts[1]) * _UNIT_S[parts[2]] if parts else -1.0
