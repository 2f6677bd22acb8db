"""Floods of values that clients choose: nothing in the process keeps all of them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from adapter.policy.decision import Denied
from adapter.policy.verdicts import DenyReason
from support.defaults import memory_quotas
from tests.builders import CLIENT_ID_ENFORCEMENT, api, applied, contract
from tests.rig.adapters import AdapterInProcess
from tests.rig.clock import FakeClock
from tests.rig.containers import large_containers
from tests.unit.analytics.envoy_log import HTTP_FILTER, http_entry
from tests.unit.analytics.translating import translated, translating
from tests.unit.ext_authz.checks import check_request

FLOOD = 10_500
"""More than the largest of our bounds, which is 10,000."""
WINDOWS = 1_000
LIMITED = applied(
    "rate-limiting",
    {
        "rateLimits": [{"maximumRequests": 9, "timePeriodInMilliseconds": 60_000}],
        "keySelector": "#[attributes.queryParams['key']]",
    },
)


@contextmanager
def nothing_grows() -> Iterator[None]:
    """No container of the process has as many members as the flood, unless it had before."""
    before = large_containers(FLOOD).keys()
    yield
    grown = [held for key, held in large_containers(FLOOD).items() if key not in before]
    assert grown == []


def flooded(adapter: AdapterInProcess, check: Callable[[int], bytes]) -> None:
    """Send one Check for each number; all are decided at once."""
    answer = adapter.service.check
    for number in range(FLOOD):
        assert isinstance(answer(check(number), {}), bytes)


def reasons(adapter: AdapterInProcess) -> set[DenyReason]:
    """Why Checks were denied."""
    decisions = adapter.observed.decisions
    found = {decision.deny.reason for decision in decisions if isinstance(decision, Denied)}
    decisions.clear()
    return found


def test_paths_hosts_and_keys_of_rate_limits() -> None:
    """A policy counts as many keys as its share has room for, and refuses the others."""
    quotas = memory_quotas(FakeClock(), max_windows=WINDOWS)
    adapter = AdapterInProcess([api("1", [LIMITED])], quotas=quotas)
    with nothing_grows():
        flooded(
            adapter,
            lambda n: check_request(
                [("user-agent", f"agent {n}")], id="", path=f"/a/{n}?key={n}", host=f"{n}.test"
            ).SerializeToString(),
        )
        assert reasons(adapter) == {DenyReason.QUOTA_UNKNOWN}
    assert len(quotas) <= WINDOWS
    assert quotas.overloads >= FLOOD - WINDOWS


def test_client_ids_and_secrets() -> None:
    """Of clients that are not there, and of one that is."""
    adapter = AdapterInProcess([api("1", [CLIENT_ID_ENFORCEMENT], [contract("known")])])

    def guess(number: int) -> bytes:
        client = "known" if number % 2 else f"client {number}"
        credentials = [("client_id", client), ("client_secret", f"secret {number}")]
        octets: bytes = check_request(credentials, id=f"{number}").SerializeToString()
        return octets

    with nothing_grows():
        flooded(adapter, guess)
        assert reasons(adapter) == {DenyReason.CREDENTIALS_INVALID}
    assert len(list(adapter.denials.newest_first)) == adapter.denials.capacity


def test_requests_that_belong_to_no_api() -> None:
    """Their hosts are shown to operators, up to a number."""
    adapter = AdapterInProcess([api("1")])
    with nothing_grows():
        flooded(
            adapter,
            lambda n: check_request(
                id=f"{n}", api_id="" if n % 2 else f"{n}", host=f"{n}.test"
            ).SerializeToString(),
        )
        assert reasons(adapter) == {DenyReason.API_UNBOUND, DenyReason.API_UNKNOWN}


def test_what_access_log_entries_say_of_clients() -> None:
    """Addresses, user agents, hosts, paths and client ids become events, and are forgotten."""
    translator = translating()
    entry = http_entry()
    record = entry.common_properties.metadata.filter_metadata[HTTP_FILTER]
    address = entry.common_properties.downstream_remote_address.socket_address
    with nothing_grows():
        for number in range(FLOOD):
            entry.request.user_agent = entry.request.authority = f"{number}.test"
            entry.request.path = f"/a/{number}"
            address.address = f"10.0.{number >> 8}.{number & 255}"
            record.update({"caller": f"client {number}|Shop|7|"})
            assert isinstance(translated(entry, translator), bytes)
