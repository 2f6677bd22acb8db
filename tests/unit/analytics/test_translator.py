"""Envoy's entries become events; xds-protos stands for Envoy."""

import pytest
from envoy.config.core.v3 import base_pb2
from envoy.data.accesslog.v3 import accesslog_pb2 as envoy
from google.protobuf.struct_pb2 import Struct, Value
from hypothesis import given
from hypothesis import strategies as st

from adapter.analytics.entry import fast_reader, protobuf_reader
from adapter.authorization.decision_record import ANSWERED
from adapter.messages import access_log_pb2 as ours
from tests.unit.analytics.envoy_log import (
    ALLOWED,
    DENIED,
    HTTP_FILTER,
    NETWORK_FILTER,
    connection_entry,
    denied_entry,
    http_entry,
    tcp_entry,
)
from tests.unit.analytics.translating import (
    EVENT_ID,
    event_of,
    read,
    response_ms,
    translated,
    translating,
)


def test_allowed_request_becomes_a_complete_event() -> None:
    """One log entry alone tells who called what, how it ended, how long it took.

    Every documented member is there, and no other, in its documented type.
    """
    assert event_of(http_entry(path="/orders/1?api_key=123")) == {
        "event_id": EVENT_ID,
        "api_id": 15597,
        "api_version_id": 15597,
        "api_name": "orders",
        "api_version": "1.0.0",
        "client_id": "d5acce41",
        "application_name": "Mobile app",
        "request_disposition": "PROCESSED",
        "policy_violation": None,
        "transaction_id": "1a03d4f1-86d3-4a3e-9d1a-0b3f6d1c2e4f",
        "received_ts": "2026-11-22T22:44:59.190+00:00",
        "replied_ts": "2026-11-22T22:44:59.201+00:00",
        "client_ip": "8.8.8.8",
        "verb": "GET",
        "path": "/orders/1",
        "status_code": 200,
        "user_agent": "curl/8.5",
        "request_bytes": 12,
        "response_bytes": 369,
        "org_id": "org-1",
        "host_id": "host-1",
        "deployment_type": "HY",
    }


@given(order=st.permutations([*ALLOWED.to_metadata(), "ext_authz_duration"]))
def test_decision_is_read_in_any_order(order: list[str]) -> None:
    """Envoy writes the fields of its metadata as it likes, its own addition among them."""
    logged = http_entry()
    metadata = logged.common_properties.metadata.filter_metadata
    duration = Struct(fields={"ext_authz_duration": Value(number_value=17)})
    decided = {**metadata.pop(HTTP_FILTER).fields, **duration.fields}
    entry = ours.HttpEntry.FromString(logged.SerializeToString())
    value = b"".join(Struct(fields={key: decided[key]}).SerializeToString() for key in order)
    entry.common_properties.metadata.filter_metadata.add(key=HTTP_FILTER.encode(), value=value)
    event = read(translating().http(entry.SerializeToString(), EVENT_ID))
    assert event == event_of(http_entry())


def test_denials_that_differ_only_in_their_id_are_read_once() -> None:
    """Ids are unique, so a flood of denials would push out everything that is remembered."""
    logged = denied_entry()
    metadata = logged.common_properties.metadata.filter_metadata[HTTP_FILTER]
    records = set()
    for decision_id in ("019ac8f1b2d4f7a3e001", "019ac8f1b2d4f7a3e002"):
        metadata.update({"decision_id": decision_id})
        octets = logged.SerializeToString()
        read_fast = fast_reader.read_http(octets)
        assert read_fast is not None
        records |= {read_fast.record, protobuf_reader.read_http(octets).record}
    assert len(records) == 1
    assert event_of(logged) == event_of(denied_entry())


@pytest.mark.parametrize("key", [HTTP_FILTER, NETWORK_FILTER])
def test_decision_is_found_under_either_filters_name(key: str) -> None:
    """The record is read whether the HTTP or the network filter asked."""
    assert event_of(http_entry(metadata_key=key))["client_id"] == ALLOWED.client_id


def test_denied_request_is_blocked() -> None:
    """Denied requests are in analytics, with status and violated policy."""
    event = event_of(denied_entry())
    assert (event["request_disposition"], event["status_code"]) == ("BLOCKED", 429)
    assert event["policy_violation"]["policy_id"] == DENIED.policy_id


def test_a_denied_request_has_the_same_times_and_client_as_an_allowed_one() -> None:
    """In one unit, and with the client's program, address and bytes."""
    allowed, denied = event_of(http_entry()), event_of(denied_entry())
    other = {name for name in allowed if allowed[name] != denied[name]}
    assert other == {"request_disposition", "policy_violation", "status_code"}


def test_denial_that_envoy_let_through_is_not_blocked() -> None:
    """In shadow mode the violation is seen, and the request counts as processed."""
    event = event_of(http_entry(record=DENIED))
    assert event["request_disposition"] == "PROCESSED"
    assert event["policy_violation"]["policy_id"] == "77"


@pytest.mark.parametrize(
    "entry_type",
    ["DownstreamStart", "DownstreamPeriodic", "UpstreamPoolReady", "UpstreamEnd", "TcpPeriodic"],
)
def test_reports_on_the_way_are_not_counted(entry_type: str) -> None:
    """A long request is one event, however often Envoy reports on it."""
    assert translated(http_entry(entry_type=envoy.AccessLogType.Value(entry_type))) is None


@pytest.mark.parametrize("entry_type", ["NotSet", "TcpConnectionEnd", "DownstreamEnd"])
def test_ends_are_counted(entry_type: str) -> None:
    """The last entry counts, in old and new versions of Envoy."""
    entry = http_entry(entry_type=envoy.AccessLogType.Value(entry_type))
    assert isinstance(translated(entry), bytes)


def test_connection_among_http_entries() -> None:
    """A TCP connection is an event without status, counting the bytes on the wire."""
    event = event_of(connection_entry())
    assert (event["verb"], event["path"], event["status_code"]) == ("TCP", "", 0)
    assert (event["request_bytes"], event["response_bytes"]) == (100, 200)
    assert event["request_disposition"] == "PROCESSED"
    assert event_of(connection_entry(refused=True))["request_disposition"] == "BLOCKED"


def test_entry_of_the_tcp_logger() -> None:
    """The TCP access logger's entries make events too."""
    event = read(translating().tcp(tcp_entry().SerializeToString(), EVENT_ID))
    assert (event["verb"], event["request_bytes"], event["response_bytes"]) == ("TCP", 7, 8)


def test_periodic_tcp_entry_is_not_counted() -> None:
    """A long connection is one event."""
    entry = tcp_entry()
    entry.common_properties.access_log_type = envoy.AccessLogType.TcpPeriodic
    assert translating().tcp(entry.SerializeToString(), EVENT_ID) is None


def test_websocket_is_measured_by_its_handshake() -> None:
    """A session of an hour does not ruin the average response time."""
    entry = http_entry(status=101, duration_ms=3_600_000)
    entry.common_properties.time_to_first_downstream_tx_byte.FromMilliseconds(23)
    event = event_of(entry)
    assert (event["status_code"], response_ms(event)) == (101, 23)


def test_response_time_without_duration() -> None:
    """Where Envoy gives no duration, the last byte sent ends the request."""
    entry = http_entry(duration_ms=0)
    entry.common_properties.time_to_last_downstream_tx_byte.FromMicroseconds(10_500)
    assert response_ms(event_of(entry)) == 11


def test_client_address_only_where_wanted() -> None:
    """The operator can keep client addresses at home."""
    translator = translating(client_ip=False)
    assert event_of(http_entry(), translator)["client_ip"] is None


def test_client_on_a_unix_socket_has_no_address() -> None:
    """A peer without an IP address has none in analytics."""
    entry = http_entry()
    entry.common_properties.downstream_remote_address.pipe.path = "/run/client.sock"
    assert event_of(entry)["client_ip"] is None


def test_methods_are_numbered_as_envoy_numbers_them() -> None:
    """Every method of Envoy's has its own name in analytics."""
    for name, number in base_pb2.RequestMethod.items():
        expected = "UNKNOWN" if number == 0 else name
        assert event_of(http_entry(method=number))["verb"] == expected


def test_entry_types_are_numbered_as_envoy_numbers_them() -> None:
    """Our trimmed definition means the same as Envoy's."""
    theirs = {name.lower(): number for name, number in envoy.AccessLogType.items()}
    for name, number in ours.AccessLogType.items():
        assert theirs[name.replace("_", "").lower()] == number


def test_a_preflight_that_the_adapter_answered_is_no_violation() -> None:
    """Envoy flags it as unauthorized; analytics show a processed request."""
    record = ALLOWED._replace(reason=ANSWERED)
    entry = http_entry(
        status=204, method=7, record=record, details="ext_authz_denied", refused=True
    )
    event = event_of(entry)
    assert (event["status_code"], event["verb"]) == (204, "OPTIONS")
    assert (event["request_disposition"], event["policy_violation"]) == ("PROCESSED", None)


def test_a_rewritten_path_is_told_as_the_client_sent_it() -> None:
    """A request has the same path in its event whether it was forwarded or refused."""
    entry = http_entry(path="/internal/orders/1?x=1")
    entry.request.original_path = "/orders/1?x=1"
    assert event_of(entry)["path"] == "/orders/1"
