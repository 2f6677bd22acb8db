"""Requests that a client makes as large as it can, through reader, authorizer and writer."""

import tracemalloc
from typing import Any

import pytest
from envoy.service.auth.v3.external_auth_pb2 import CheckResponse
from envoy.type.v3.http_status_pb2 import HttpStatus
from hypothesis import given
from hypothesis import strategies as st

from adapter.ext_authz.check.head_size import HEAD_TOO_LARGE, obstacle_in_head
from adapter.ext_authz.check.reader import RequestReader
from adapter.ext_authz.check.request import TOO_MANY_HEADERS, EnvoyRequest
from adapter.policy.catalog import ApiInstance, Pointcut
from adapter.policy.decision import Allowed
from adapter.policy.request.attributes import GivenAttributes
from support.defaults import response_writer
from tests.builders import CLIENT_ID_ENFORCEMENT, api, applied, contract
from tests.rig.adapters import AdapterInProcess
from tests.unit.ext_authz.checks import check_request

both_forms = pytest.mark.parametrize("raw", [True, False], ids=["header_map", "headers"])
CREDENTIALS = [("client_id", "client-1"), ("client_secret", "secret")]
MOST_HEADERS = 250


def answer(message: bytes, *policies: object) -> CheckResponse:
    """What the API's policies make of a Check."""
    service = AdapterInProcess([api("1", [*policies], [contract("client-1")])]).service  # type: ignore[list-item]
    response = service.check(message, {})
    assert isinstance(response, bytes)
    return CheckResponse.FromString(response)


def status(response: CheckResponse) -> int:
    """What the client sees; 0 if the request passes."""
    denied: HttpStatus = response.denied_response.status
    return int(denied.code) if response.status.code else 0


@both_forms
def test_a_request_with_more_headers_than_anyone_needs_is_refused(raw: bool) -> None:
    """Every header that is read delays other Checks. Envoy accepts 100 by default."""
    many = [(f"x-{n}", "1") for n in range(MOST_HEADERS)]
    refused = check_request([*CREDENTIALS, *many], raw=raw).SerializeToString()
    response = answer(refused, CLIENT_ID_ENFORCEMENT)
    assert status(response) == 431
    fields = response.dynamic_metadata.fields
    assert "max_headers_count" in fields["detail"].string_value
    passed = check_request([*CREDENTIALS, *many[:-2]], raw=raw).SerializeToString()
    assert status(answer(passed, CLIENT_ID_ENFORCEMENT)) == 0


@pytest.mark.parametrize("try_fast_reader", [True, False])
@given(more=st.integers(-2, 2))
def test_both_readers_refuse_from_the_same_number_on(try_fast_reader: bool, more: int) -> None:
    """Whichever reads a Check, the same ones are refused."""
    headers = [(f"x-{n}", "1") for n in range(MOST_HEADERS + more)]
    message = check_request(headers, raw=False).SerializeToString()
    request = RequestReader(try_fast_reader=try_fast_reader).read(message, {})
    assert isinstance(request, EnvoyRequest) == (more <= 0)


@both_forms
@pytest.mark.parametrize("body", [0, 1_000_000])
def test_headers_larger_than_anyone_needs_are_refused(raw: bool, body: int) -> None:
    """Envoy accepts 60 KiB by default, and up to 8 MiB if configured."""

    def status_with(octets: int) -> int:
        headers = [*CREDENTIALS, ("x-long", "v" * octets)]
        check = check_request(headers, raw=raw, raw_body=b"b" * body)
        return status(answer(check.SerializeToString(), CLIENT_ID_ENFORCEMENT))

    assert (status_with(120_000), status_with(131_000), status_with(8_000_000)) == (0, 431, 431)


@pytest.mark.parametrize("field", ["path", "host"])
def test_path_and_host_count_with_the_headers(field: str) -> None:
    """A Check without headers can be as large."""
    fields: dict[str, Any] = {field: "/" + "a" * 140_000}
    check = check_request(**fields)
    assert status(answer(check.SerializeToString())) == 431


@both_forms
def test_thousands_of_headers_are_refused_before_they_are_read(raw: bool) -> None:
    """With the same answer as for a few too many."""
    many = check_request([(f"x-{n}", "1") for n in range(9_000)], raw=raw)
    assert RequestReader().read(many.SerializeToString(), {}) is TOO_MANY_HEADERS


def test_a_head_in_two_parts_counts_as_one() -> None:
    """Protobuf merges a message that is there twice."""
    half = check_request([("x-long", "v" * 70_000)]).SerializeToString()
    assert RequestReader().read(half + half, {}) is HEAD_TOO_LARGE
    assert isinstance(RequestReader().read(half, {}), EnvoyRequest)


def test_a_check_of_many_empty_fields_is_not_counted_to_its_end() -> None:
    """Only a broken peer sends one. The readers decide what it is."""
    fields = b"\x0a\x00" * 100_000
    assert obstacle_in_head(fields) is None


def test_a_header_that_comes_many_times_is_one_list() -> None:
    """As before, whatever that takes to put together."""
    message = check_request([("x-key", f"{n}") for n in range(200)]).SerializeToString()
    request = RequestReader().read(message, {})
    assert isinstance(request, EnvoyRequest)
    assert request.header("x-key") == ",".join(map(str, range(200)))


def test_a_path_too_long_to_hold_against_patterns_is_refused() -> None:
    """Where no policy looks at the path, it passes."""
    path = "/" + "a" * 4_096
    blocked = applied("access-block", pointcuts=(Pointcut(".*", "/admin/.*"),))
    message = check_request(path=path).SerializeToString()
    assert status(answer(message, blocked)) == 414
    assert status(answer(message)) == 0
    longest = check_request(path=f"{path[:-1]}?{'q' * 20_000}").SerializeToString()
    assert status(answer(longest, blocked)) == 0


@pytest.mark.parametrize("value", [None, "v"])
def test_names_that_clients_choose_do_not_pile_up(value: str | None) -> None:
    """A policy that removes headers by a pattern names what the client sent, however long."""
    writer, spelled = response_writer(), GivenAttributes(headers={"x_odd": "1"})
    tracemalloc.start()
    for n in range(300):
        edits = ((f"x-{n}-{'n' * 50_000}", value),)
        writer.write(Allowed(ApiInstance("1", "orders"), 1, None, edits), spelled)
    held_bytes, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held_bytes < 1_000_000
