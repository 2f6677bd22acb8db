# mypyc: compiled
"""Writes decisions as CheckResponses."""

import json
from collections.abc import Mapping
from typing import Final

from google.protobuf.struct_pb2 import Struct

from adapter.authorization.decision_record import DecisionRecord
from adapter.ext_authz.response.edit_part import EditPart, set_header
from adapter.ext_authz.response.headers import clean_value, encodable, is_usable_name, usable
from adapter.ext_authz.response.identity_part import LONGEST_METADATA, IdentityPart
from adapter.ext_authz.response.note_part import note_part
from adapter.messages.check_pb2 import (
    CheckResponse,
    DeniedHttpResponse,
    HeaderValueOption,
)
from adapter.policy.catalog import ApiInstance
from adapter.policy.decision import Allowed, Answered, Decision, Denied
from adapter.policy.request.attributes import RequestAttributes, is_grpc
from adapter.policy.request.header_spelling import dashed
from adapter.policy.verdicts import Header, Identity
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
_HEADERS: Final = ("client-id", "client-name", "contract-id", "sla-tier", "principal")
_API_ID: Final = "api-id"
_REASON: Final = "reason"
_DECISION_ID: Final = "decision-id"
_NOBODY: Final = Identity(client_id="")


def own_headers(prefix: str, client_address_header: str) -> frozenset[str]:
    """The adapter's own headers, spelled with hyphens; see `ResponseWriter`."""
    names = [prefix + name for name in (_API_ID, *_HEADERS, _REASON, _DECISION_ID)]
    return frozenset(dashed(name.lower()) for name in (*names, client_address_header))


class ResponseWriter:
    """Writes decisions for Envoy.

    Headers that begin with `prefix` are the adapter's own. Upstreams see only those that the
    adapter or a policy sets, never one that a client sent, in whatever spelling. Policies cannot
    set those that the adapter sets. A denial has the
    header `<prefix>reason` and, with `sends_decision_id`, `<prefix>decision-id`.
    """

    def __init__(
        self, prefix: str, client_address_header: str, *, sends_decision_id: bool = True
    ) -> None:
        prefix = prefix.lower()
        self._api_header = prefix + _API_ID
        # The header with the client's address is for the adapter, not for upstreams.
        self._never_passed = (client_address_header.lower(),)
        self._api_parts: dict[str, bytes] = {}
        self._revision = -1
        """The revision that the API parts were made for."""
        self._identity_part = IdentityPart([prefix + name for name in _HEADERS])
        written = [prefix + name for name in (_API_ID, *_HEADERS)]
        self._edit_part = EditPart(
            own_headers(prefix, client_address_header), prefix, [*written, *self._never_passed]
        )
        self._reason = prefix + _REASON
        self._decision_id = prefix + _DECISION_ID if sends_decision_id else ""

    def write(
        self,
        decision: Decision,
        request: RequestAttributes,
        decision_id: str = "",
        verdicts: str = "",
    ) -> bytes:
        """Return the response's bytes.

        A denial has a `decision_id` and `verdicts`, and so may an ALLOW: see `DecisionRecord`.

        All responses are made here, because a mistake would be dangerous. Envoy lets a request pass
        if `status.code` is 0, which is also the default. So an empty response, or a denial without
        its code, would be an ALLOW.
        """
        if not isinstance(decision, Allowed):
            return self._instead(decision, decision_id, verdicts, to_grpc=is_grpc(request))
        # Encoded messages that follow each other are one message, and their repeated fields add up
        # (protobuf.dev, encoding).
        parts = self._api_part(decision.api, decision.revision)
        parts += self._identity_part.write(decision.identity or _NOBODY)
        if decision.edits or decision.appended:
            parts += self._edit_part.write(decision.edits, decision.appended)
        parts += self._edit_part.without_other_spellings(request, decision.edits, decision.appended)
        if decision.response_headers:
            parts += _response_part(decision.response_headers)
        if decision.append_response_headers:
            parts += _appended_response_part(decision.append_response_headers)
        if decision_id:
            parts += note_part(decision_id, verdicts)
        return parts

    def _api_part(self, api: ApiInstance | None, revision: int) -> bytes:
        """The part that all ALLOWs of an API share. It is made once for each snapshot."""
        if revision != self._revision:
            self._api_parts.clear()
            self._revision = revision
        api_id = "" if api is None else api.api_id
        part = self._api_parts.get(api_id)
        if part is None:
            part = self._api_parts[api_id] = self._build_api_part(api, revision)
        return part

    def _build_api_part(self, api: ApiInstance | None, revision: int) -> bytes:
        response = CheckResponse()
        response.status.code = 0
        response.ok_response.headers_to_remove.extend(self._never_passed)
        if api is None:
            response.ok_response.headers_to_remove.append(self._api_header)
        else:
            set_header(response.ok_response, self._api_header, api.api_id)
        _write_record(response.dynamic_metadata, DecisionRecord.of(Allowed(api, revision)))
        return response.SerializeToString()

    def _instead(
        self, decision: Denied | Answered, decision_id: str, verdicts: str, *, to_grpc: bool
    ) -> bytes:
        """The response that the client gets in place of the upstream's. Its code is never 0."""
        response = CheckResponse()
        if isinstance(decision, Denied):
            status = decision.deny.status_sent
            code = response.status.code = grpc_status(status)
            self._write_denied(
                response.denied_response, decision, decision_id, code if to_grpc else None
            )
        else:
            status = decision.response.status_sent
            response.status.code = StatusCode.PERMISSION_DENIED
            headers = (*decision.response_headers, *decision.response.headers)
            _write_headers(response.denied_response, usable(headers), decision)
        response.denied_response.status.code = status
        _write_record(response.dynamic_metadata, DecisionRecord.of(decision, decision_id, verdicts))
        return response.SerializeToString()

    def _write_denied(
        self,
        response: DeniedHttpResponse,
        denied: Denied,
        decision_id: str,
        code: StatusCode | None,
    ) -> None:
        """Write a denial. `code` is given for gRPC, where the body becomes `grpc-message`."""
        headers = {
            **usable(denied.response_headers),
            **usable(denied.deny.headers),
            self._reason: denied.deny.reason.value,
        }
        if self._decision_id and decision_id:
            headers[self._decision_id] = decision_id
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
    """Write headers that have one value, then the appended ones that are not among them."""
    for name, value in headers.items():
        _overwrite(response.headers.add(), name, value)
    for name, value in decision.append_response_headers:
        if is_usable_name(name) and name.lower() not in headers:
            _append(response.headers.add(), name.lower(), value)


def grpc_status(http_status: int) -> StatusCode:
    """The gRPC status for an HTTP error status; never OK.

    Envoy's own mapping is not used: it maps 429 to UNAVAILABLE, which clients retry at once.
    """
    default = StatusCode.PERMISSION_DENIED if http_status < 500 else StatusCode.INTERNAL
    return _STATUS_CODES.get(http_status, default)


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
    for name, value in usable(headers).items():
        _overwrite(response.ok_response.response_headers_to_add.add(), name, value)
    return response.SerializeToString()


def _appended_response_part(headers: tuple[Header, ...]) -> bytes:
    """The headers that policies add to the upstream's own."""
    response = CheckResponse()
    for name, value in headers:
        if is_usable_name(name):
            _append(response.ok_response.response_headers_to_add.add(), name.lower(), value)
    return response.SerializeToString()


def _write_record(metadata: Struct, record: DecisionRecord) -> None:
    for name, value in record.to_metadata(LONGEST_METADATA).items():
        metadata.fields[name].string_value = encodable(value)
