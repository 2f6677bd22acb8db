"""From a decision to the CheckResponse that carries it."""

import json
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final

from google.protobuf.struct_pb2 import Struct

from adapter.authorization.record import DecisionRecord
from adapter.ext_authz.headers import clean_value, encodable, is_usable_name
from adapter.messages.check_pb2 import (
    CheckResponse,
    DeniedHttpResponse,
    HeaderValueOption,
    OkHttpResponse,
)
from adapter.policy.catalog import ApiInstance
from adapter.policy.decision import Allowed, Answered, Decision, Denied, Header, Identity
from adapter.transport.service import StatusCode

_OVERWRITE = HeaderValueOption.OVERWRITE_IF_EXISTS_OR_ADD
_STATUS_CODES: Final[Mapping[int, StatusCode]] = {
    400: StatusCode.INVALID_ARGUMENT,
    401: StatusCode.UNAUTHENTICATED,
    404: StatusCode.NOT_FOUND,
    429: StatusCode.RESOURCE_EXHAUSTED,
    500: StatusCode.INTERNAL,
    501: StatusCode.UNIMPLEMENTED,
    503: StatusCode.UNAVAILABLE,
    504: StatusCode.DEADLINE_EXCEEDED,
}
_IDENTITY_NAMES = ("api-id", "client-id", "client-name", "contract-id", "sla-tier", "principal")
_NOBODY = Identity(client_id="")
_LONGEST_METADATA = 1000
_KEPT_PARTS = 4096
"""Of each kind; about 1 kB each."""


class ResponseWriter:
    """Writes decisions down for Envoy.

    The headers that begin with `prefix` are ours: upstreams see those that we set, and none that a
    client sent; policies cannot set them. Denials carry `<prefix>reason`.
    """

    def __init__(
        self,
        prefix: str = "x-adapter-",
        client_address_header: str | None = "x-adapter-client-address",
    ) -> None:
        self._names = tuple(prefix.lower() + name for name in _IDENTITY_NAMES)
        # It is for us, not for upstreams.
        self._never_passed = {client_address_header.lower()} if client_address_header else set()
        self._own = frozenset(self._names) | self._never_passed
        self._fixed_part = lru_cache(maxsize=_KEPT_PARTS)(self._build_fixed_part)
        self._request_part = lru_cache(maxsize=_KEPT_PARTS)(self._build_request_part)
        self._reason = f"{prefix.lower()}reason"

    def write(self, decision: Decision, *, to_grpc: bool = False) -> bytes:
        """The response's bytes; `to_grpc` says that the client reads `grpc-status`.

        Every response is made here: only `status.code` tells a denial from an ALLOW, so an empty
        response, or a denial whose code was forgotten, would let the request pass.
        """
        if not isinstance(decision, Allowed):
            return self._instead(decision, to_grpc=to_grpc)
        fixed = self._fixed_part(
            decision.api, decision.identity, decision.remove_headers, decision.revision
        )
        # Two messages in a row are one: repeated fields add up (protobuf.dev, encoding).
        if decision.set_headers:
            fixed += self._request_part(decision.set_headers, decision.remove_headers)
        if decision.response_headers:
            fixed += _response_part(decision.response_headers)
        if decision.append_response_headers:
            fixed += _appended_part(decision.append_response_headers)
        return fixed

    def _build_fixed_part(
        self,
        api: ApiInstance | None,
        identity: Identity | None,
        remove_headers: tuple[str, ...],
        revision: int,
    ) -> bytes:
        """What all ALLOWs have in common that know the same; the costly part, and so kept.

        Envoy removes after it sets, so that no header may be in both lists.
        """
        response = CheckResponse()
        response.status.code = 0
        ok = response.ok_response
        removed = _lower(remove_headers) | self._never_passed
        for name, value in zip(self._names, _values(api, identity), strict=True):
            if not value:
                removed.add(name)
            elif name not in removed:
                _set(ok, name, value)
        ok.headers_to_remove.extend(sorted(removed))
        allowed = Allowed(api, revision, identity)
        _write_record(response.dynamic_metadata, DecisionRecord.of(allowed))
        return response.SerializeToString()

    def _build_request_part(
        self, set_headers: tuple[Header, ...], remove_headers: tuple[str, ...]
    ) -> bytes:
        """The headers that policies set on the request; kept, since most are the same each time."""
        response = CheckResponse()
        taken = self._own | _lower(remove_headers)
        for name, value in _usable(set_headers).items():
            if name not in taken:
                _set(response.ok_response, name, value)
        return response.SerializeToString()

    def _instead(self, decision: Denied | Answered, *, to_grpc: bool) -> bytes:
        """What the client gets instead of the upstream's response; never with code 0."""
        response = CheckResponse()
        if isinstance(decision, Denied):
            status = min(max(decision.deny.status, 400), 599)
            code = response.status.code = grpc_status(status)
            self._write_denied(response.denied_response, decision, code if to_grpc else None)
        else:
            status = min(max(decision.answer.status, 200), 299)
            response.status.code = StatusCode.PERMISSION_DENIED
            headers = (*decision.response_headers, *decision.answer.headers)
            _write_headers(response.denied_response, _usable(headers), decision)
        response.denied_response.status.code = status
        _write_record(response.dynamic_metadata, DecisionRecord.of(decision))
        return response.SerializeToString()

    def _write_denied(
        self, response: DeniedHttpResponse, denied: Denied, code: StatusCode | None
    ) -> None:
        """What the client gets; for one that speaks gRPC, Envoy makes the body `grpc-message`."""
        headers = {
            **_usable(denied.response_headers),
            **_usable(denied.deny.headers),
            self._reason: denied.deny.reason.value,
        }
        if code is None:
            headers["content-type"] = "application/json"
            response.body = json.dumps({"error": denied.deny.message})
        else:
            headers.pop("content-type", None)
            headers["grpc-status"] = str(code.value)
            response.body = clean_value(denied.deny.message)
        _write_headers(response, headers, denied)


def _write_headers(
    response: DeniedHttpResponse, headers: Mapping[str, str], decision: Denied | Answered
) -> None:
    """Headers with one value, then those that come beside others, unless they have one value."""
    for name, value in headers.items():
        _overwrite(response.headers.add(), name, value)
    for name, value in decision.append_response_headers:
        if is_usable_name(name) and name.lower() not in headers:
            _append(response.headers.add(), name.lower(), value)


def grpc_status(http_status: int) -> StatusCode:
    """The gRPC status that says the same as an HTTP error status; never OK.

    Envoy's own mapping makes 429 an UNAVAILABLE, which clients retry at once.
    """
    default = StatusCode.PERMISSION_DENIED if http_status < 500 else StatusCode.INTERNAL
    return _STATUS_CODES.get(http_status, default)


def _values(api: ApiInstance | None, identity: Identity | None) -> tuple[str, ...]:
    """The values in the order of `_IDENTITY_NAMES`; empty if unknown."""
    who = identity or _NOBODY
    api_id = api.api_id if api else ""
    return api_id, who.client_id, who.client_name, who.contract_id, who.sla_tier, who.principal


def _set(ok: OkHttpResponse, name: str, value: str) -> None:
    """Set a request header, whatever the client sent.

    `append: false` is spelt out: Envoys that find it unset differ in what they do.
    """
    option = ok.headers.add()
    option.header.key = name
    option.header.value = clean_value(value)
    option.append.value = False


def _overwrite(option: HeaderValueOption, name: str, value: str) -> None:
    option.header.key = name
    option.header.value = clean_value(value)
    option.append_action = _OVERWRITE


def _append(option: HeaderValueOption, name: str, value: str) -> None:
    option.header.key = name
    option.header.value = clean_value(value)
    option.append_action = HeaderValueOption.APPEND_IF_EXISTS_OR_ADD


def _response_part(headers: tuple[Header, ...]) -> bytes:
    """The headers that policies set on the response."""
    response = CheckResponse()
    for name, value in _usable(headers).items():
        _overwrite(response.ok_response.response_headers_to_add.add(), name, value)
    return response.SerializeToString()


def _appended_part(headers: tuple[Header, ...]) -> bytes:
    """The headers that policies add beside the upstream's own."""
    response = CheckResponse()
    for name, value in headers:
        if is_usable_name(name):
            _append(response.ok_response.response_headers_to_add.add(), name.lower(), value)
    return response.SerializeToString()


def _lower(names: Iterable[str]) -> set[str]:
    return {name.lower() for name in names if is_usable_name(name)}


def _usable(headers: Iterable[Header]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers if is_usable_name(name)}


def _write_record(metadata: Struct, record: DecisionRecord) -> None:
    for name, value in record.to_metadata().items():
        metadata.fields[name].string_value = encodable(value[:_LONGEST_METADATA])
