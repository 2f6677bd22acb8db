"""What is tried with mutated messages: the pairs of readers, and the decision about a Check."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Final, NamedTuple

from envoy.service.auth.v3.external_auth_pb2 import CheckResponse

from adapter.ext_authz.check.reader import RequestReader
from adapter.ext_authz.service import AuthorizationService
from tests.builders import CLIENT_ID_ENFORCEMENT, api, contract
from tests.rig.adapters import AdapterInProcess
from tests.unit.analytics import agreement as entries
from tests.unit.analytics.envoy_log import connection_entry, denied_entry, http_entry, tcp_entry
from tests.unit.ext_authz import agreement as checks
from tests.unit.ext_authz.checks import check_request

_UNGUESSED: Final = "a secret that no mutation writes"
_HEADERS: Final = [("client_id", "client-1"), ("client_secret", "wrong"), ("x-user", "Zoë")]
_MARKS: Final = {"client_address": "attested", "api_chosen_by": "path"}


class Target(NamedTuple):
    """Messages to begin with, and a trial that raises AssertionError where something is wrong.

    The trial returns whether the message is still good enough to be mutated further.
    """

    messages: list[bytes]
    trial: Callable[[bytes], bool]


def targets() -> Mapping[str, Target]:
    """All targets by name."""
    checks_ = _checks()
    return {
        "checks": Target(checks_, checks.agree),
        "entries": Target(_entries(), lambda entry: any(entries.agree(entry))),
        "decisions": Target(checks_, _Decisions().trial),
    }


def _checks() -> list[bytes]:
    plain = check_request(_HEADERS[:2], raw=False, extensions=_MARKS)
    plain.attributes.source.principal = "spiffe://test/client"
    plain.attributes.metadata_context.filter_metadata["envoy.filters.http.jwt_authn"].update(
        {"claims": {"sub": "client-1", "aud": ["a", 1.5, None]}}
    )
    meshed = check_request(_HEADERS[:1], raw=False, raw_body=b"\xff" * 200, size=200)
    meshed.attributes.route_metadata_context.filter_metadata["istio"]["config"] = "route"
    raw = check_request([*_HEADERS, ("x-bytes", b"\xff\xfe")])
    odd = check_request(_HEADERS, raw=False, path="/a/%2e%2e/b?c", method="get")
    return [check.SerializeToString() for check in (plain, meshed, raw, odd, check_request())]


def _entries() -> list[bytes]:
    ordinary = http_entry(headers={"grpc-status": "0"}, trailers={"grpc-status": "7"})
    each = [ordinary, denied_entry(), http_entry(record=None), connection_entry(), tcp_entry()]
    return [entry.SerializeToString() for entry in each]


class _Decisions:
    """A protected API behind either reader. Both must refuse every Check, with one status."""

    def __init__(self) -> None:
        apis = [api("1", [CLIENT_ID_ENFORCEMENT], [contract("client-1", secret=_UNGUESSED)])]
        self._services = [
            AdapterInProcess(apis, reader=RequestReader(try_fast_reader=fast)).service
            for fast in (True, False)
        ]

    def trial(self, message: bytes) -> bool:
        """Raise AssertionError if a Check is allowed, or answered in two ways."""
        fast, slow = (status(service, message) for service in self._services)
        assert fast == slow, f"two answers: {fast} and {slow}"
        assert fast != (0, 0), "allowed"
        return fast[1] == HTTPStatus.UNAUTHORIZED


def status(service: AuthorizationService, message: bytes) -> tuple[int, int]:
    """The gRPC status and the HTTP status of an answer; (0, 0) is an ALLOW."""
    answer = service.check(message, {})
    octets = asyncio.run(_awaited(answer)) if isinstance(answer, Awaitable) else answer
    response = CheckResponse.FromString(octets)
    return response.status.code, response.denied_response.status.code


async def _awaited(answer: Awaitable[bytes]) -> bytes:
    return await answer
