"""The HTTP status of an event, which is not always the one that Envoy logs."""

import pytest

from adapter.authorization.decision_record import ANSWERED
from tests.unit.analytics.envoy_log import ALLOWED, DENIED, denied_entry, http_entry
from tests.unit.analytics.translating import event_of


@pytest.mark.parametrize(
    ("headers", "trailers", "status"),
    [
        ({}, {"grpc-status": "0"}, 200),
        ({}, {"grpc-status": "5"}, 404),
        ({"grpc-status": "16"}, {}, 401),
        ({"grpc-status": "14"}, {"grpc-status": "8"}, 429),
        ({}, {"grpc-status": "17"}, 500),
        ({}, {"grpc-status": "nonsense"}, 500),
        ({"content-type": "application/grpc"}, {}, 200),
    ],
)
def test_grpc_answers_count_by_their_own_status(
    headers: dict[str, str], trailers: dict[str, str], status: int
) -> None:
    """A failed gRPC call is no success, though Envoy logs 200 for it."""
    assert (
        event_of(http_entry(method=3, headers=headers, trailers=trailers))["status_code"] == status
    )


def test_denied_grpc_call_is_no_success() -> None:
    """A denied gRPC call shows its status, or at least that it failed."""
    logged = denied_entry(status=200, method=3, headers={"grpc-status": "8"})
    assert event_of(logged)["status_code"] == 429
    assert event_of(denied_entry(status=200, method=3))["status_code"] == 403


@pytest.mark.parametrize("method", [1, 3, 7])
@pytest.mark.parametrize("logged", [200, 404])
def test_a_denial_counts_with_its_own_status(method: int, logged: int) -> None:
    """Envoy logs 200 for clients of gRPC, by any method, or what its operator maps it to."""
    entry = http_entry(
        status=logged,
        method=method,
        record=DENIED._replace(status="405"),
        details="ext_authz_denied",
        refused=True,
        headers={"grpc-status": "7"},
    )
    assert event_of(entry)["status_code"] == 405


@pytest.mark.parametrize("status", ["", "4", "999999999999", "none", "40\u00b2"])
def test_a_record_without_a_status_counts_as_envoy_logged_it(status: str) -> None:
    """As an adapter of an earlier version writes it, or nobody."""
    record = DENIED._replace(status=status)
    entry = http_entry(status=429, record=record, details="ext_authz_denied", refused=True)
    assert event_of(entry)["status_code"] == 429


def test_a_denial_that_envoy_let_through_counts_as_answered() -> None:
    """In shadow mode the client sees the upstream's answer."""
    assert event_of(http_entry(record=DENIED._replace(status="429")))["status_code"] == 200


def test_a_client_that_left_before_its_denial_is_499() -> None:
    """It was told nothing."""
    entry = http_entry(status=0, record=DENIED._replace(status="429"), refused=True)
    assert event_of(entry)["status_code"] == 499


def test_client_that_left_is_499() -> None:
    """A client's abort after the decision is an event of its own status."""
    assert event_of(http_entry(status=0))["status_code"] == 499


def test_a_denied_get_that_looks_like_grpc_is_no_success() -> None:
    """Envoy goes by the content type, whatever the method."""
    logged = denied_entry(status=200, method=1, headers={"grpc-status": "8"})
    assert event_of(logged)["status_code"] == 429
    assert event_of(denied_entry(status=200, method=1))["status_code"] == 403


def test_a_preflight_answered_by_the_adapter_stays_a_success() -> None:
    """Whatever Envoy makes of it."""
    record = ALLOWED._replace(reason=ANSWERED, status="204")
    entry = http_entry(
        status=200, method=7, record=record, refused=True, headers={"grpc-status": "2"}
    )
    assert event_of(entry)["status_code"] == 204
