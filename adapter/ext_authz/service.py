# mypyc: compiled
"""The service that answers Envoy's Checks."""

from collections.abc import Awaitable
from functools import partial
from typing import Final, Protocol

from adapter.authorization.decision_sample import DecisionSample
from adapter.authorization.denial_log import DenialLog
from adapter.authorization.observer import DecisionObserver
from adapter.authorization.pending_decision import PendingDecision
from adapter.authorization.verdict_text import VerdictTexts
from adapter.errors import OverloadError, ProviderError, RpcError, StoreError, UnreadyError
from adapter.ext_authz.check.reader import RequestReader
from adapter.ext_authz.check.request import EnvoyRequest
from adapter.ext_authz.first_attempts import FirstAttempts
from adapter.ext_authz.response.writer import ResponseWriter
from adapter.ext_authz.waiting_checks import WaitingChecks
from adapter.policy.decision import Allowed, Answered, Decision, Denied
from adapter.policy.request.attributes import GivenAttributes, RequestAttributes
from adapter.policy.verdicts import DenyReason
from adapter.runtime.clock import Clock, MonotonicTime
from adapter.runtime.deferred import Deferred
from adapter.transport.service import Metadata, StatusCode, UnaryMethod

CHECK: Final = "/envoy.service.auth.v3.Authorization/Check"

_NO_REQUEST: Final = GivenAttributes()


class Authorizer(Protocol):
    """Decides about requests; see `authorization.authorizer`."""

    def authorize(self, request: RequestAttributes) -> Decision | PendingDecision:
        """Return the decision, at once if possible.

        Raises StoreError, ProviderError or OverloadError if no decision is possible.
        """


class AuthorizationService:
    """Envoy's `Authorization.Check`: takes a message's bytes and returns the answer's bytes.

    A denial is an answer. Only a Check that could not be decided is an error: Envoy's
    `failure_mode_allow` then decides about the request. If the authorizer decides at once, the
    answer is returned at once, without a task switch.
    """

    def __init__(
        self,
        authorizer: Authorizer,
        reader: RequestReader,
        writer: ResponseWriter,
        *,
        observer: DecisionObserver,
        denials: DenialLog,
        sample: DecisionSample,
        verdicts: VerdictTexts,
        waiting: WaitingChecks,
        clock: Clock,
    ) -> None:
        self._authorizer = authorizer
        self._reader = reader
        self._writer = writer
        self._observer = observer
        self._denials = denials
        self._sample = sample
        self._verdicts = verdicts
        self._waiting = waiting
        self._clock = clock
        self._unready = FirstAttempts()

    @property
    def method(self) -> UnaryMethod:
        """The method, for a server."""
        return UnaryMethod(CHECK, self.check)

    def check(self, message: bytes, metadata: Metadata) -> bytes | Awaitable[bytes]:
        """Answer one Check.

        Raises RpcError RESOURCE_EXHAUSTED if it could not be decided, and UnreadyError if another
        adapter may be able to decide it, which has loaded its policies already.
        """
        started = self._clock.monotonic()
        request = self._reader.read(message, metadata)
        if not isinstance(request, EnvoyRequest):
            return self._answer(Denied(request, revision=0), started, _NO_REQUEST)
        try:
            decision = self._authorizer.authorize(request)
            if isinstance(decision, (Allowed, Denied, Answered)):
                return self._answer(decision, started, request)
            later = Deferred(partial(self._answer_later, decision, started, request))
            return self._waiting.start(later, decision.api_id)
        except (StoreError, ProviderError, OverloadError) as e:
            raise _undecided(e) from e

    async def _answer_later(
        self, pending: Awaitable[Decision], started: MonotonicTime, request: RequestAttributes
    ) -> bytes:
        try:
            decision = await pending
        except (StoreError, ProviderError, OverloadError) as e:
            raise _undecided(e) from e
        return self._answer(decision, started, request)

    def _answer(
        self, decision: Decision, started: MonotonicTime, request: RequestAttributes
    ) -> bytes:
        decision_id = verdicts = ""
        if isinstance(decision, Denied):
            if decision.deny.reason is DenyReason.NOT_READY:
                self._pass_on(request)
            decision_id = self._denials.record(decision, request)
        elif isinstance(decision, Allowed):
            decision_id = self._sample.pick()
        if decision_id:
            verdicts = self._verdicts.of(decision, request)
        response = self._writer.write(decision, request, decision_id, verdicts)
        self._observer.decided(decision, self._clock.monotonic() - started)
        return response

    def _pass_on(self, request: RequestAttributes) -> None:
        """Have Envoy try another adapter, unless this already is a retry: raises UnreadyError."""
        if self._unready.is_first(request.check_id):
            raise UnreadyError("policies are not loaded yet; try another adapter")


def _undecided(error: StoreError | ProviderError | OverloadError) -> RpcError:
    return RpcError(StatusCode.RESOURCE_EXHAUSTED, str(error))
