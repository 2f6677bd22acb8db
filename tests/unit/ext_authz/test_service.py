"""The service: what is an answer, and what is an error."""

import pytest
from envoy.service.auth.v3.external_auth_pb2 import CheckResponse

from adapter.authorization.decision_sample import DecisionSample
from adapter.authorization.denial_log import DenialLog
from adapter.authorization.pending_decision import PendingDecision
from adapter.authorization.snapshot_store import SnapshotStore
from adapter.authorization.verdict_text import VerdictTexts
from adapter.errors import AdapterError, OverloadError, RpcError, StoreError, UnreadyError
from adapter.ext_authz.check.reader import RequestReader
from adapter.ext_authz.service import AuthorizationService
from adapter.ext_authz.waiting_checks import WaitingChecks
from adapter.policy.catalog import ApiInstance, Pointcut
from adapter.policy.decision import Allowed, Decision, Denied
from adapter.policy.request.attributes import RequestAttributes
from adapter.policy.verdicts import Deny, DenyReason
from adapter.transport.service import StatusCode
from support.defaults import denial_log, response_writer, waiting_checks
from tests.builders import api, applied
from tests.rig.adapters import Observed
from tests.rig.clock import FakeClock
from tests.unit.ext_authz.checks import check_request

ALLOWED = Allowed(None, 1)
REFUSED = Denied(Deny(DenyReason.ACCESS_BLOCKED, 429, "Refused"), 1)
CHECK = check_request([("content-type", "application/grpc")]).SerializeToString()


class FixedAuthorizer:
    """Says always the same, at once or later."""

    def __init__(self, outcome: Decision | AdapterError, *, later: bool = False) -> None:
        self._outcome = outcome
        self._later = later
        self.asked: list[RequestAttributes] = []

    def authorize(self, request: RequestAttributes) -> Decision | PendingDecision:
        """See `service.Authorizer`."""
        self.asked.append(request)
        return PendingDecision(self._settled, "1") if self._later else self._say()

    async def _settled(self) -> Decision:
        return self._say()

    def _say(self) -> Decision:
        if isinstance(self._outcome, AdapterError):
            raise self._outcome
        return self._outcome


def service_of(
    authorizer: FixedAuthorizer,
    observed: Observed | None = None,
    denials: DenialLog | None = None,
    snapshots: SnapshotStore | None = None,
    sampled: float = 0,
    waiting: WaitingChecks | None = None,
) -> AuthorizationService:
    """The service around that authorizer."""
    return AuthorizationService(
        authorizer,
        RequestReader(),
        response_writer(),
        observer=observed or Observed(),
        denials=denials or denial_log(FakeClock()),
        sample=DecisionSample(FakeClock(), sampled),
        verdicts=VerdictTexts(snapshots or SnapshotStore(FakeClock())),
        waiting=waiting or waiting_checks(FakeClock()),
        clock=FakeClock(),
    )


async def answer(service: AuthorizationService, message: bytes) -> CheckResponse:
    """The answer, whether it comes at once or later."""
    response = service.check(message, {})
    return CheckResponse.FromString(response if isinstance(response, bytes) else await response)


def test_at_once() -> None:
    """A decision made in memory is answered without a task switch."""
    assert isinstance(service_of(FixedAuthorizer(ALLOWED)).check(CHECK, {}), bytes)


@pytest.mark.parametrize("later", [False, True])
@pytest.mark.parametrize(("decision", "code"), [(ALLOWED, 0), (REFUSED, 8)])
async def test_decisions(later: bool, decision: Decision, code: int) -> None:
    """Every decision is answered and observed; a gRPC client gets its own status."""
    observed = Observed()
    response = await answer(service_of(FixedAuthorizer(decision, later=later), observed), CHECK)
    assert response.status.code == code
    assert observed.decisions == [decision]
    grpc_statuses = [
        o.header.value for o in response.denied_response.headers if o.header.key == "grpc-status"
    ]
    assert grpc_statuses == ([str(code)] if code else [])


@pytest.mark.parametrize("later", [False, True])
@pytest.mark.parametrize("error", [StoreError("down"), OverloadError("full")])
async def test_undecided(later: bool, error: AdapterError) -> None:
    """What could not be decided is an error, which the operator's settings judge."""
    with pytest.raises(RpcError) as raised:
        await answer(service_of(FixedAuthorizer(error, later=later)), CHECK)
    assert raised.value.code == StatusCode.RESOURCE_EXHAUSTED


async def test_what_is_not_ready_is_tried_elsewhere_once() -> None:
    """Another adapter may be ready. A retry that comes back is denied, with its reason."""
    observed = Observed()
    unready = Denied(Deny(DenyReason.NOT_READY, 503, "Policies are not loaded yet"), 1)
    service = service_of(FixedAuthorizer(unready), observed)
    with pytest.raises(UnreadyError):
        await answer(service, CHECK)
    assert observed.decisions == []
    assert (await answer(service, CHECK)).denied_response.status.code == 503
    assert observed.decisions == [unready]


@pytest.mark.parametrize("message", [b"\xff", CHECK[:-1], b"<html>"])
async def test_malformed(message: bytes) -> None:
    """Bytes that are no Check are refused without asking; an error might let them pass."""
    authorizer, observed = FixedAuthorizer(ALLOWED), Observed()
    response = await answer(service_of(authorizer, observed), message)
    assert response.denied_response.status.code == 400
    assert response.status.code > 0
    assert authorizer.asked == []
    assert len(observed.decisions) == 1


async def test_denials_are_recorded_and_nothing_else() -> None:
    """Also a Check that cannot be read; an allowed request gets no id."""
    denials = denial_log(FakeClock())
    for outcome, message in ((ALLOWED, CHECK), (REFUSED, CHECK), (ALLOWED, b"<html>")):
        await answer(service_of(FixedAuthorizer(outcome), denials=denials), message)
    malformed, refused = denials.newest_first
    assert malformed.denied.deny.reason is DenyReason.MALFORMED_REQUEST
    assert (refused.denied, refused.method) == (REFUSED, "GET")


async def test_an_allowed_request_of_the_sample_has_an_id_and_verdicts() -> None:
    """The metadata gets them in addition; another request has neither."""
    snapshots = SnapshotStore(FakeClock())
    snapshots.publish([api("1", [applied("access-block", pointcuts=(Pointcut(".*", "/x"),))])])
    allowed = Allowed(ApiInstance("1", "orders"), snapshots.current.revision)
    metadata = {}
    for sampled in (0, 1):
        service = service_of(FixedAuthorizer(allowed), snapshots=snapshots, sampled=sampled)
        response = await answer(service, CHECK)
        assert response.HasField("ok_response")
        metadata[sampled] = {
            name: value.string_value for name, value in response.dynamic_metadata.fields.items()
        }
    more = metadata[1].items() - metadata[0].items()
    assert {name for name, _ in more} == {"decision_id", "verdicts"}
    assert metadata[1]["verdicts"] == "access-block/id-of-access-block=skipped"
