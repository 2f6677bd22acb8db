"""What a collector reads of each request."""

from typing import Any

from envoy.data.accesslog.v3 import accesslog_pb2 as envoy
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

from adapter.analytics.otlp.log_request import log_record
from tests.rig.collector import named
from tests.unit.analytics.envoy_log import (
    DENIED,
    START_MS,
    connection_entry,
    http_entry,
)
from tests.unit.analytics.translating import EVENT_ID, translated, translating


def record_of(entry: envoy.HTTPAccessLogEntry) -> LogRecord:
    """The log record that Envoy's entry becomes, on the way through an event."""
    event = translated(entry, translating(ours=True))
    assert isinstance(event, bytes)
    return log_record(event)


def attributes_of(entry: envoy.HTTPAccessLogEntry) -> dict[str, Any]:
    """Its attributes by name."""
    return named(record_of(entry).attributes)


def test_an_allowed_request_by_the_conventions_for_http() -> None:
    """Names that dashboards know, and ours for what the conventions do not know."""
    record = record_of(http_entry())
    assert (record.event_name, record.severity_text) == ("policy_adapter.request", "INFO")
    assert record.body.string_value == "GET /orders/1 200"
    assert record.time_unix_nano == START_MS * 1_000_000
    assert record.observed_time_unix_nano == (START_MS + 11) * 1_000_000
    assert named(record.attributes) == {
        "log.record.uid": EVENT_ID,
        "client.address": "8.8.8.8",
        "http.request.method": "GET",
        "http.response.status_code": 200,
        "http.request.body.size": 12,
        "http.response.body.size": 369,
        "url.path": "/orders/1",
        "user_agent.original": "curl/8.5",
        "policy_adapter.answered_by": "upstream",
        "policy_adapter.api.id": 15597,
        "policy_adapter.api.name": "orders",
        "policy_adapter.api.version": "1.0.0",
        "policy_adapter.client.id": "d5acce41",
        "policy_adapter.client.name": "Mobile app",
        "policy_adapter.disposition": "PROCESSED",
        "policy_adapter.request_id": "1a03d4f1-86d3-4a3e-9d1a-0b3f6d1c2e4f",
        "policy_adapter.response_ms": 11,
    }


def test_a_denial_says_why() -> None:
    """With the policy, and what each policy said."""
    noted = DENIED._replace(
        decision_id="d1", detail="3 in 60 s", verdicts="cors/3=passed|rate-limiting/77=denied"
    )
    record = record_of(http_entry(record=noted, refused=True, details="ext_authz_denied"))
    attributes = named(record.attributes)
    assert record.severity_text == "WARN"
    assert {
        "policy_adapter.policy.id": "77",
        "policy_adapter.policy.type": "rate-limiting",
        "policy_adapter.policy.outcome": "VIOLATION",
        "policy_adapter.decision.id": "d1",
        "policy_adapter.decision.revision": "17",
        "policy_adapter.contract.id": "2211",
        "policy_adapter.sla_tier": "gold",
        "policy_adapter.reason": "quota_exceeded",
        "policy_adapter.detail": "3 in 60 s",
        "policy_adapter.verdicts": ["cors 3: passed", "rate-limiting 77: denied"],
    }.items() <= attributes.items()


def test_a_failed_request_is_an_error() -> None:
    """So that a collector can filter by severity."""
    assert record_of(http_entry(status=503, details="no_healthy_upstream")).severity_text == "ERROR"


def test_no_query_and_no_empty_attributes() -> None:
    """A request without a client application has none, and queries stay here."""
    attributes = attributes_of(http_entry(path="/a?token=x", method=0))
    assert attributes["url.path"] == "/a"
    assert attributes["http.request.method"] == "_OTHER"
    assert "token" not in str(attributes)
    assert "policy_adapter.policy.id" not in attributes


def test_a_connection_has_no_http() -> None:
    """Nothing says GET or 200 about TCP."""
    event = translating().tcp(connection_entry().SerializeToString(), EVENT_ID)
    assert isinstance(event, bytes)
    attributes = named(log_record(event).attributes)
    assert attributes["network.transport"] == "tcp"
    assert not {"url.path", "http.request.method", "http.response.status_code"} & set(attributes)


def test_half_of_a_surrogate_pair_does_no_harm() -> None:
    """The platform's JSON can name one, in the name of an API; a batch would never be sent."""
    attributes = attributes_of(http_entry())
    event = translated(http_entry(), translating(ours=True))
    assert isinstance(event, bytes)
    broken = event.replace(b'"orders"', b'"orders\\ud800"')
    assert named(log_record(broken).attributes) == attributes | {
        "policy_adapter.api.name": "orders?"
    }
