"""Counts that are taken on the Check path."""

from adapter.authorization.decision_counts import DURATION_BOUNDS_S, DecisionCounts
from adapter.authorization.discovered_services import DiscoveredServices
from adapter.policy.catalog import ApiInstance
from adapter.policy.decision import Allowed, Answered, Denied
from adapter.policy.verdicts import Deny, DenyReason, DirectResponse

API = ApiInstance("7", "orders")


def test_decisions_are_counted_by_api_and_outcome() -> None:
    """Operators see what was decided for which API, and why."""
    counts = DecisionCounts()
    counts.decided(Allowed(API, 1), 0.0)
    counts.decided(Allowed(API, 1), 0.0)
    counts.decided(Denied(Deny(DenyReason.QUOTA_EXCEEDED, 429, "Quota exceeded"), 1, API), 0.0)
    counts.decided(Denied(Deny(DenyReason.API_UNBOUND, 403, "unbound"), 1), 0.0)
    counts.decided(Answered(DirectResponse(204), 1, API), 0.0)
    assert counts.counts == {
        ("7", "allowed"): 2,
        ("7", "answered"): 1,
        ("7", "quota_exceeded"): 1,
        ("", "api_unbound"): 1,
    }


def test_no_allowed_request_is_lost_however_many_there_are() -> None:
    """They are counted in batches, and readings include all of them."""
    counts = DecisionCounts()
    for number in range(2_500):
        counts.decided(Allowed(API._replace(api_id=str(number % 3)), 1), 0.0)
        if number == 1_700:
            assert sum(counts.counts.values()) == 1_701
    assert counts.counts == {("0", "allowed"): 834, ("1", "allowed"): 833, ("2", "allowed"): 833}


def test_ids_of_apis_that_nobody_knows_do_not_fill_the_memory() -> None:
    """Before there is a snapshot, they are what a peer of the gRPC port says."""
    counts = DecisionCounts()
    unready = Deny(DenyReason.NOT_READY, 503, "not ready")
    for number in range(20_010):
        counts.decided(Denied(unready, 0, ApiInstance(str(number), "")), 0.0)
    counts.decided(Denied(unready, 0, ApiInstance("7", "")), 0.0)
    assert len(counts.counts) == 20_001
    assert counts.counts[("", "not_ready")] == 10
    assert counts.counts[("7", "not_ready")] == 2


def test_durations_fall_into_their_buckets() -> None:
    """A duration counts in the first bucket whose bound it does not exceed."""
    counts = DecisionCounts()
    counts.decided(Allowed(API, 1), DURATION_BOUNDS_S[0])
    counts.decided(Allowed(API, 1), 10.0)
    buckets, total_s = counts.durations
    assert (buckets[0], buckets[-1], sum(buckets)) == (1, 1, 2)
    assert total_s == DURATION_BOUNDS_S[0] + 10.0


def test_discovered_services_are_bounded_and_what_is_left_out_is_counted() -> None:
    """A client that invents hosts cannot fill the memory."""
    services = DiscoveredServices(capacity=4)
    for authority in ("a", "b", "c", "a", "d" * 1000):
        services.add(authority, "")
    assert services.counts == {("a", ""): 2, ("b", ""): 1}
    assert services.left_out == 2


def test_hosts_invented_at_one_route_do_not_hide_the_services_of_others() -> None:
    """Otherwise a scan of the gateway could hide unbound services from the operator."""
    services = DiscoveredServices(capacity=100)
    for n in range(1_000):
        services.add(f"invented-{n}", "catch-all")
    services.add("orders.example.com", "orders")
    assert services.counts[("orders.example.com", "orders")] == 1
