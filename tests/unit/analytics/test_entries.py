"""Envoy's entries become events; xds-protos stands for Envoy."""

import json
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import pytest
from envoy.config.core.v3 import base_pb2
from envoy.data.accesslog.v3 import accesslog_pb2 as envoy
from google.protobuf.message import DecodeError
from google.protobuf.struct_pb2 import Struct, Value
from hypothesis import given
from hypothesis import strategies as st

from adapter.analytics.event import EventEncoder, EventOrigin
from adapter.analytics.observer import Unattributed
from adapter.analytics.translator import Attribute, EntryTranslator
from adapter.authorization.decision_record import ANSWERED, DecisionRecord
from adapter.messages import access_log_pb2 as ours
from adapter.policy.catalog import ApiInstance
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

EVENT_ID = "019a0000-0000-7000-8000-000000000000"
ENCODER = EventEncoder(EventOrigin("org-1", "host-1", "HY"))


class Bindings:
    """Binds one route, and remembers what was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str]] = []

    def attribute(self, route_name: str, authority: str, path: str) -> ApiInstance | None:
        """See `entries.Attribute`."""
        self.asked.append((route_name, authority, path))
        return ApiInstance("42", "bound", "2.0") if route_name == "bound" else None


def translating(
    attribute: Attribute | None = None, *, client_ip: bool = True, backend_time: bool = False
) -> EntryTranslator:
    """A translator, with `Bindings` unless told otherwise."""
    return EntryTranslator(
        attribute or Bindings().attribute,
        ENCODER,
        include_client_ip=client_ip,
        include_backend_time=backend_time,
    )


def translated(
    entry: envoy.HTTPAccessLogEntry, translator: EntryTranslator | None = None
) -> bytes | Unattributed | None:
    """What becomes of an entry of Envoy's."""
    return (translator or translating()).http(entry.SerializeToString(), EVENT_ID)


def read(event: object) -> dict[str, Any]:
    """What the platform reads in an event."""
    assert isinstance(event, bytes)
    document: dict[str, Any] = json.loads(event)
    return document


def event_of(
    entry: envoy.HTTPAccessLogEntry, translator: EntryTranslator | None = None
) -> dict[str, Any]:
    """The event that an entry becomes."""
    return read(translated(entry, translator))


def response_ms(event: dict[str, Any]) -> int:
    """How long the answer took, by the event's two times."""
    replied, received = (
        datetime.fromisoformat(event[name]) for name in ("replied_ts", "received_ts")
    )
    return (replied - received) // timedelta(milliseconds=1)


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


@pytest.mark.parametrize("key", [HTTP_FILTER, NETWORK_FILTER])
def test_decision_is_found_under_either_filters_name(key: str) -> None:
    """The record is read whether the HTTP or the network filter asked."""
    assert event_of(http_entry(metadata_key=key))["client_id"] == ALLOWED.client_id


def test_denied_request_is_blocked() -> None:
    """Denied requests are in analytics, with status and violated policy."""
    event = event_of(denied_entry())
    assert (event["request_disposition"], event["status_code"]) == ("BLOCKED", 429)
    assert event["policy_violation"]["policy_id"] == DENIED.policy_id


def test_denial_that_envoy_let_through_is_not_blocked() -> None:
    """In shadow mode the violation is seen, and the request counts as processed."""
    event = event_of(http_entry(record=DENIED))
    assert event["request_disposition"] == "PROCESSED"
    assert event["policy_violation"]["policy_id"] == "77"


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


def test_client_that_left_is_499() -> None:
    """A client's abort after the decision is an event of its own status."""
    assert event_of(http_entry(status=0))["status_code"] == 499


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


def test_backend_time() -> None:
    """The backend's share runs from the first byte to it until the last byte from it."""
    translator = translating(backend_time=True)
    entry = http_entry(duration_ms=405)
    assert "backend_ms" not in event_of(entry, translator)
    entry.common_properties.time_to_first_upstream_tx_byte.FromMilliseconds(102)
    entry.common_properties.time_to_last_upstream_rx_byte.FromMilliseconds(404)
    assert event_of(entry, translator)["backend_ms"] == 302


def test_client_address_only_where_wanted() -> None:
    """The operator can keep client addresses at home."""
    translator = translating(client_ip=False)
    assert event_of(http_entry(), translator)["client_ip"] is None


def test_client_on_a_unix_socket_has_no_address() -> None:
    """A peer without an IP address has none in analytics."""
    entry = http_entry()
    entry.common_properties.downstream_remote_address.pipe.path = "/run/client.sock"
    assert event_of(entry)["client_ip"] is None


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (http_entry(record=None), Unattributed.UNCHECKED),
        (http_entry(record=None, status=404, details="route_not_found"), Unattributed.UNCHECKED),
        (http_entry(record=None, status=0, details=""), Unattributed.CLIENT_ABORT),
        (
            http_entry(record=None, status=503, details="ext_authz_error", refused=True),
            Unattributed.AUTHORIZATION_ERROR,
        ),
        (
            http_entry(record=None, status=500, details="ext_authz_invalid", refused=True),
            Unattributed.AUTHORIZATION_ERROR,
        ),
        (
            http_entry(
                record=DecisionRecord(reason="api_unbound"),
                status=403,
                details="ext_authz_denied",
                refused=True,
            ),
            Unattributed.UNBOUND,
        ),
        (envoy.HTTPAccessLogEntry(), Unattributed.CLIENT_ABORT),
    ],
)
def test_entry_of_no_known_api_says_why(
    entry: envoy.HTTPAccessLogEntry, reason: Unattributed
) -> None:
    """What analytics miss is told by cause."""
    assert translated(entry) is reason


def test_entry_without_metadata_goes_by_the_bindings() -> None:
    """Errors and aborts of a bound route are its API's, without a client application."""
    bindings = Bindings()
    entry = http_entry(
        record=None, status=503, details="ext_authz_error", refused=True, path="/a?key=1"
    )
    entry.common_properties.route_name = "bound"
    event = event_of(entry, translating(bindings.attribute))
    assert [event[name] for name in ("api_id", "api_name", "api_version")] == [42, "bound", "2.0"]
    assert (event["client_id"], event["request_disposition"]) == (None, "BLOCKED")
    assert event["status_code"] == 503
    assert bindings.asked == [("bound", "api.example.com", "/a")]


def test_refusal_before_the_api_was_known_counts_as_its_apis() -> None:
    """A request refused while nothing was loaded is still its bound API's."""
    record = DecisionRecord(reason="not_ready", revision="0")
    entry = http_entry(record=record, status=503, details="ext_authz_denied", refused=True)
    entry.common_properties.route_name = "bound"
    event = event_of(entry)
    assert (event["api_id"], event["request_disposition"]) == (42, "BLOCKED")


def test_bindings_are_not_asked_where_the_decision_tells() -> None:
    """What a client chose never overrules what the adapter decided."""
    bindings = Bindings()
    event_of(http_entry(), translating(bindings.attribute))
    assert bindings.asked == []


def test_strange_bytes_in_client_texts_lose_nothing() -> None:
    """A client's bytes that are no UTF-8 cost neither its entry nor another filter's metadata."""
    sent = ours.HttpEntry.FromString(http_entry().SerializeToString())
    sent.request.path = b"/caf\xe9?q"
    sent.request.user_agent = b"\xff" * 9000
    sent.common_properties.stream_id = b"\xc3"
    other = sent.common_properties.metadata.filter_metadata.add()
    other.key, other.value = b"\xff", b"no struct"
    event = read(translating().http(sent.SerializeToString(), EVENT_ID))
    assert (event["path"], event["user_agent"]) == ("/caf\ufffd", "\ufffd" * 500)
    assert event["transaction_id"] == "\ufffd"


@given(st.text(alphabet="aé€𝄞", min_size=499, max_size=520))
def test_long_texts_are_cut_between_characters(text: str) -> None:
    """The platform takes 500 characters; a cut never leaves half of one."""
    entry = http_entry(path=f"{text}?x")
    entry.request.user_agent = text
    event = event_of(entry)
    assert (event["path"], event["user_agent"]) == (text[:500], text[:500])


@given(st.binary(max_size=2100))
def test_any_bytes_of_clients_become_text(raw: bytes) -> None:
    """What is no UTF-8 shows as such, and what is no plain JSON is escaped."""
    sent = ours.HttpEntry.FromString(http_entry().SerializeToString())
    sent.request.path = raw.replace(b"?", b"")
    sent.request.user_agent = raw
    sent.common_properties.downstream_remote_address.socket_address.address = raw
    event = read(translating().http(sent.SerializeToString(), EVENT_ID))
    assert event["path"] == raw.replace(b"?", b"").decode(errors="replace")[:500]
    assert event["user_agent"] == raw.decode(errors="replace")[:500]
    assert (event["client_ip"] or "") == raw.decode(errors="replace")[:64]


@given(
    path=st.text(alphabet="/ab%.;#=&", max_size=600),
    query=st.text(max_size=50),
    refused=st.booleans(),
)
def test_query_never_leaves(path: str, query: str, refused: bool) -> None:
    """Nothing behind the first question mark is sent, of denied requests neither."""
    secret = f"s3cret{query}"
    entry = denied_entry() if refused else http_entry()
    entry.request.path = f"{path}?{secret}"
    entry.request.original_path = f"/?{secret}"
    entry.request.referer = f"http://h/?{secret}"
    entry.request.request_headers["authorization"] = "Bearer s3cret"
    entry.common_properties.upstream_cluster = "s3cret"
    event = translated(entry)
    assert isinstance(event, bytes)
    assert b"s3cret" not in event
    assert read(event)["path"] == path[:500]


@given(st.binary(max_size=400))
def test_any_bytes_are_an_event_or_broken(entry: bytes) -> None:
    """No bytes make the translation fail in a way that is not foreseen."""
    translator = translating()
    for translate in (translator.http, translator.tcp):
        with suppress(DecodeError, ValueError):
            translate(entry, EVENT_ID)


@given(data=st.data())
def test_any_damage_is_an_event_or_broken(data: st.DataObject) -> None:
    """A damaged entry is at worst broken, never a surprise."""
    good = bytearray(denied_entry(headers={"grpc-status": "7"}).SerializeToString())
    for _ in range(data.draw(st.integers(1, 4))):
        good[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    with suppress(DecodeError, ValueError, OverflowError, OSError):
        event = translating(lambda *_: ApiInstance("1", "a")).http(bytes(good), EVENT_ID)
        if isinstance(event, bytes):
            read(event)


def test_entry_without_a_time_is_broken() -> None:
    """An event without its time would sit at 1970 for ever."""
    entry = http_entry()
    entry.common_properties.ClearField("start_time")
    with pytest.raises(ValueError, match="start_time"):
        translated(entry)


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
