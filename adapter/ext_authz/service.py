# mypyc: compiled
"""The service that Envoy asks about every request."""

from collections.abc import Awaitable
from typing import Final, Protocol

from adapter.errors import OverloadError, RpcError, StoreError
from adapter.ext_authz.check.reader import RequestReader
from adapter.ext_authz.check.request import EnvoyRequest
from adapter.ext_authz.response.writer import ResponseWriter
from adapter.policy.decision import Allowed, Answered, Decision, Denied
from adapter.policy.request.attributes import GivenAttributes, RequestAttributes
from adapter.runtime.clock import Clock, MonotonicTime
from adapter.transport.service import Metadata, StatusCode, UnaryMethod

CHECK: Final = "/envoy.service.auth.v3.Authorization/Check"

_NO_REQUEST: Final = GivenAttributes()


class Authorizer(Protocol):
    """Decides; see `authorization.authorizer`."""

    def authorize(self, request: RequestAttributes) -> Decision | Awaitable[Decision]:
        """Raises StoreError or OverloadError where it could not decide."""


class AuthorizationObserver(Protocol):
    """Told of every decision."""

    def decided(self, decision: Decision, elapsed_s: float) -> None:
        """A Check was answered so, after that many seconds."""


class AuthorizationService:
    """Envoy's `Authorization.Check`: bytes in, bytes out.

    Answers at once where the authorizer does. A denial is an answer; only what could not be decided
    is an error, which Envoy treats as its operator's `failure_mode_allow` says.
    """

    def __init__(
        self,
        authorizer: Authorizer,
        reader: RequestReader,
        writer: ResponseWriter,
        *,
        observer: AuthorizationObserver,
        clock: Clock,
    ) -> None:
        self._authorizer = authorizer
        self._reader = reader
        self._writer = writer
        self._observer = observer
        self._clock = clock

    @property
    def method(self) -> UnaryMethod:
        """For a server to carry."""
        return UnaryMethod(CHECK, self.check)

    def check(self, message: bytes, metadata: Metadata) -> bytes | Awaitable[bytes]:
        """Answer one Check; raises RpcError RESOURCE_EXHAUSTED."""
        started = self._clock.monotonic()
        request = self._reader.read(message, metadata)
        if not isinstance(request, EnvoyRequest):
            return self._answer(Denied(request, revision=0), started, _NO_REQUEST)
        try:
            decision = self._authorizer.authorize(request)
        except (StoreError, OverloadError) as e:
            raise _undecided(e) from e
        if isinstance(decision, (Allowed, Denied, Answered)):
            return self._answer(decision, started, request)
        return self._answer_later(decision, started, request)

    async def _answer_later(
        self, pending: Awaitable[Decision], started: MonotonicTime, request: RequestAttributes
    ) -> bytes:
        try:
            decision = await pending
        except (StoreError, OverloadError) as e:
            raise _undecided(e) from e
        return self._answer(decision, started, request)

    def _answer(
        self, decision: Decision, started: MonotonicTime, request: RequestAttributes
    ) -> bytes:
        response = self._writer.write(decision, request)
        self._observer.decided(decision, self._clock.monotonic() - started)
        return response


def _undecided(error: StoreError | OverloadError) -> RpcError:
    return RpcError(StatusCode.RESOURCE_EXHAUSTED, str(error))
