"""Entries whose decision names no API: the bindings name it, or the reason is counted."""

import pytest
from envoy.data.accesslog.v3 import accesslog_pb2 as envoy

from adapter.analytics.entry.entry import TCP_CONNECTION_END
from adapter.analytics.observer import Unattributed
from adapter.authorization.decision_record import DecisionRecord
from adapter.policy.request.attributes import GivenAttributes
from tests.unit.analytics.envoy_log import http_entry
from tests.unit.analytics.translating import Bindings, event_of, translated, translating


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
    event = event_of(entry, translating(bindings.bound_api))
    assert [event[name] for name in ("api_id", "api_name", "api_version")] == [42, "bound", "2.0"]
    assert (event["client_id"], event["request_disposition"]) == (None, "BLOCKED")
    assert event["status_code"] == 503
    assert bindings.asked == [
        GivenAttributes(route_name="bound", authority="api.example.com", path="/a")
    ]


def test_the_destination_of_an_entry_is_that_of_a_check() -> None:
    """The port, and who Envoy's certificate says that it is: a URI, a DNS name, or the subject."""
    bindings = Bindings()
    entry = http_entry(record=None)
    common = entry.common_properties
    common.downstream_local_address.socket_address.port_value = 8080
    ours = common.tls_properties.local_certificate_properties
    for add in (
        lambda: setattr(ours, "subject", "CN=orders"),
        lambda: ours.subject_alt_name.add(dns="orders.shop"),
        lambda: ours.subject_alt_name.add(uri="spiffe://cluster.local/ns/shop/sa/orders"),
    ):
        add()
        translated(entry, translating(bindings.bound_api))
    assert [(each.destination_principal, each.destination_port) for each in bindings.asked] == [
        ("CN=orders", 8080),
        ("orders.shop", 8080),
        ("spiffe://cluster.local/ns/shop/sa/orders", 8080),
    ]


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
    event_of(http_entry(), translating(bindings.bound_api))
    assert bindings.asked == []


@pytest.mark.parametrize(
    ("record", "details", "told"),
    [
        (None, "via_upstream", ["42"]),
        # Envoy answered: the adapter failed, the client left, or there is a redirect.
        (None, "ext_authz_error", []),
        (None, "direct_response", []),
        (None, "", []),
        # It was checked, and unbound requests are allowed.
        (DecisionRecord(revision="1"), "via_upstream", []),
    ],
)
def test_a_request_that_passed_a_bound_route_without_a_check_is_told(
    record: DecisionRecord | None, details: str, told: list[str]
) -> None:
    """Its API's policies were not asked: a route lost the filter."""
    unchecked: list[str] = []
    entry = http_entry(record=record, details=details)
    entry.common_properties.route_name = "bound"
    assert event_of(entry, translating(unchecked=unchecked.append))["api_id"] == 42
    assert unchecked == told


@pytest.mark.parametrize(("refused", "told"), [(False, ["42"]), (True, [])])
def test_so_is_a_connection(refused: bool, told: list[str]) -> None:
    """Unless Envoy closed it because of the adapter."""
    unchecked: list[str] = []
    entry = http_entry(record=None, refused=refused)
    entry.common_properties.route_name = "bound"
    entry.common_properties.access_log_type = TCP_CONNECTION_END
    assert event_of(entry, translating(unchecked=unchecked.append))["verb"] == "TCP"
    assert unchecked == told
