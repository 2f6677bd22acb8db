"""What policies see of a Check."""

import pytest
from envoy.service.auth.v3.external_auth_pb2 import CheckRequest
from google.protobuf.json_format import ParseDict
from hypothesis import given
from hypothesis import strategies as st

from adapter.ext_authz.check.protobuf_reader import NOT_A_CHECK
from adapter.ext_authz.check.reader import RequestReader
from adapter.ext_authz.check.request import EnvoyRequest
from adapter.policy.request.attributes import (
    GivenAttributes,
    RequestAttributes,
    is_connection,
    is_grpc,
    timeout_s,
)
from tests.unit.ext_authz.checks import check_request

HEADER = "x-adapter-client-address"
ATTESTED = {"client_address": "attested"}

both_forms = pytest.mark.parametrize("raw", [True, False], ids=["header_map", "headers"])


def read(check: object, reader: RequestReader | None = None, **metadata: str) -> RequestAttributes:
    """Read a Check that parses."""
    named = {name.replace("_", "-"): value for name, value in metadata.items()}
    request = (reader or RequestReader()).read(check.SerializeToString(), named)  # type: ignore[attr-defined]
    assert isinstance(request, EnvoyRequest)
    return request


def everything(request: RequestAttributes) -> GivenAttributes:
    """All attributes, read at once."""
    return GivenAttributes(*(getattr(request, name) for name in GivenAttributes._fields))


def test_the_client_of_a_connection_is_its_peer() -> None:
    """The network filter's Check has no headers, whatever the settings say about headers."""
    check = CheckRequest()
    check.attributes.source.address.socket_address.address = "192.0.2.1"
    for reader in (RequestReader(), RequestReader(None, 1), RequestReader("x-ip")):
        request = read(check, reader)
        assert is_connection(request)
        assert request.client_address == "192.0.2.1"
    check.attributes.source.address.pipe.path = "/run/client.sock"
    assert read(check).client_address is None
    check.attributes.request.http.path = "/"
    assert read(check).client_address is None


@both_forms
def test_attributes(raw: bool) -> None:
    """Policies see what Envoy attests, in whichever form it sends headers."""
    headers = (
        ("content-type", "application/grpc"),
        ("x-adapter-client-address", "203.0.113.7"),
        ("x-name", "Zoë"),
    )
    check = check_request(headers, raw=raw, extensions=ATTESTED)
    request = read(check, x_route_name="route-1")
    assert everything(request)._replace(headers={}) == GivenAttributes(
        check_id="42",
        method="GET",
        path="/orders?status=open",
        authority="api.test:8080",
        scheme="http",
        protocol="HTTP/1.1",
        headers={},
        client_address="203.0.113.7",
        api_id="1",
        route_name="route-1",
    )
    assert dict(request.headers) == dict(headers)
    assert request.headers.get("x-absent") is None
    assert "x-absent" not in request.headers
    assert is_grpc(request)


@pytest.mark.parametrize(
    ("sent", "expected_s"),
    [("500", 0.5), ("600000", 600.0), ("", None), ("-1", None), ("1e3", None), ("9" * 5000, None)],
)
def test_envoys_deadline(sent: str, expected_s: float | None) -> None:
    """What waits knows for how long; nonsense is no deadline, and no crash."""
    request = read(check_request(), x_envoy_expected_rq_timeout_ms=sent)
    assert timeout_s(request) == expected_s


def test_repeated_headers() -> None:
    """Repeated headers are one, joined by commas, so that a policy cannot miss one."""
    request = read(check_request([("x-key", "a"), ("x-other", "b"), ("x-key", "c")]))
    assert request.headers["x-key"] == "a,c"


def test_plain_values_in_a_header_map() -> None:
    """An entry of header_map may hold its value as text."""
    check = check_request()
    check.attributes.request.http.header_map.headers.add(key="x-key", value="text")
    assert read(check).headers["x-key"] == "text"


def test_header_that_is_not_utf8() -> None:
    """Bytes that are no text are replaced: they are neither an error nor a way past a policy."""
    request = read(check_request([("x-key", b"caf\xe9\x00")]))
    assert request.headers["x-key"] == "caf!\x00"
    twice = read(check_request([("x-key", "Zoë".encode()), ("x-key", b"\xe2\x82b\xed\xa0\x80")]))
    assert twice.headers["x-key"] == "Zoë,!!b!!!"


@given(st.binary(max_size=20))
def test_an_octet_that_is_no_text_becomes_what_envoys_other_form_has(value: bytes) -> None:
    """One `!` for each, and text stays: policies decide the same on both forms."""
    said = read(check_request([("x-key", value)])).headers["x-key"]
    kept = value.decode("utf-8", "ignore")
    assert said.replace("!", "") == kept.replace("!", "")
    lost = len(value) - len(kept.encode())
    assert said.count("!") == kept.count("!") + lost


@pytest.mark.parametrize(("text", "address"), [("203.0.113.7", "203.0.113.7"), ("", None)])
def test_client_address(text: str, address: str | None) -> None:
    """The header that Envoy sets holds the address; whether it is one is for a policy to judge."""
    request = read(check_request([(HEADER, text)], extensions=ATTESTED))
    assert request.client_address == address


@pytest.mark.parametrize("extensions", [{}, {"client_address": ""}, {"client_address": "true"}])
def test_a_header_that_nobody_overwrites_is_not_believed(extensions: dict[str, str]) -> None:
    """Behind a hand-written Envoy, clients can send it; only its operator can say otherwise."""
    check = check_request([(HEADER, "6.6.6.6")], extensions=extensions)
    assert read(check).client_address is None
    assert read(check, RequestReader(HEADER)).client_address == "6.6.6.6"
    assert read(check, RequestReader(forwarded_for_position=1)).client_address is None


@pytest.mark.parametrize(
    ("extensions", "expected"),
    [({}, False), ({"api_chosen_by": "path"}, True), ({"api_chosen_by": "host"}, False)],
)
def test_a_route_says_whether_the_path_chose_its_api(
    extensions: dict[str, str], expected: bool
) -> None:
    """Where it did, another reading of the path would be a request to another API."""
    assert read(check_request(extensions=extensions)).chosen_by_path is expected


@pytest.mark.parametrize(
    ("extensions", "expected"),
    [
        ({}, False),
        ({"api_chosen_by_host": "true"}, True),
        ({"api_chosen_by_host": "true", "api_chosen_by": "path"}, True),
        ({"api_chosen_by_host": "false"}, False),
    ],
)
def test_a_route_says_whether_the_host_chose_its_api(
    extensions: dict[str, str], expected: bool
) -> None:
    """The same for the host."""
    assert read(check_request(extensions=extensions)).chosen_by_host is expected


@pytest.mark.parametrize(
    ("forwarded_for", "position", "address"),
    [
        ("6.6.6.6, 203.0.113.7, 10.0.0.1", 2, "203.0.113.7"),
        ("203.0.113.7", 1, "203.0.113.7"),
        ("6.6.6.6,203.0.113.7", 1, "203.0.113.7"),
        ("203.0.113.7", 2, None),
        ("", 1, None),
        ("203.0.113.7:4711", 1, "203.0.113.7"),
        ("6.6.6.6, [2001:db8::1]:4711 , 10.0.0.1:80", 2, "2001:db8::1"),
        ("[2001:db8::1]", 1, "2001:db8::1"),
        ("2001:db8::1", 1, "2001:db8::1"),
        ("[2001:db8::1", 1, "[2001:db8::1"),
        ("[2001:db8::1]x", 1, "[2001:db8::1]x"),
        ("203.0.113.7:", 1, "203.0.113.7:"),
        ("203.0.113.7:x", 1, "203.0.113.7:x"),
        ("203.0.113.7:123456", 1, "203.0.113.7:123456"),
    ],
)
def test_forwarded_for(forwarded_for: str, position: int, address: str | None) -> None:
    """The operator counts trusted proxies from the right, where clients cannot write.

    Some write a port, too, which changes with every connection. What is no address stays as it is,
    for a policy to refuse.
    """
    reader = RequestReader(forwarded_for_position=position)
    assert (
        read(check_request([("x-forwarded-for", forwarded_for)]), reader).client_address == address
    )


def test_a_sidecar_forwards_what_the_client_says() -> None:
    """It adds no entry of its own, so that no position can be believed."""
    reader = RequestReader(forwarded_for_position=1)
    check = check_request([("x-forwarded-for", "6.6.6.6")])
    check.attributes.destination.address.socket_address.port_value = 8080
    assert read(check, reader).client_address == "6.6.6.6"
    check.attributes.destination.principal = "spiffe://cluster.local/ns/shop/sa/orders"
    assert read(check, reader).client_address is None
    assert read(check).destination_principal == "spiffe://cluster.local/ns/shop/sa/orders"
    assert read(check).destination_port == 8080


def test_no_attested_address() -> None:
    """Without a header that Envoy sets, there is no address to believe."""
    headers = [("x-real-ip", "6.6.6.6"), ("x-forwarded-for", "6.6.6.6")]
    assert read(check_request(headers, extensions=ATTESTED)).client_address is None


@pytest.mark.parametrize(
    ("namespaces", "expected"),
    [
        (
            {
                "envoy-gateway": {
                    "resources": [{"kind": "HTTPRoute", "namespace": "default", "name": "orders"}]
                }
            },
            "HTTPRoute/default/orders",
        ),
        (
            {
                "envoy-gateway": {
                    "resources": [
                        {"kind": "HTTPRoute", "namespace": "a", "name": "b", "sectionName": "c"}
                    ]
                }
            },
            "HTTPRoute/a/b#c",
        ),
        ({"envoy-gateway": {"resources": []}}, ""),
        ({"envoy-gateway": {"resources": "none"}}, ""),
        ({"istio": {"config": "/apis/networking/v1/virtual-service/orders"}},
         "/apis/networking/v1/virtual-service/orders"),
        ({"istio": {}}, ""),
        ({"other": {"config": "x"}}, ""),
    ],
)  # fmt: skip
def test_route_metadata(namespaces: dict[str, object], expected: str) -> None:
    """A mesh's control plane tells which route it is."""
    check = check_request()
    ParseDict({"filterMetadata": namespaces}, check.attributes.route_metadata_context)
    assert read(check).route_metadata == expected


@both_forms
def test_long_headers(raw: bool) -> None:
    """100 KB of headers are read like any other."""
    request = read(check_request([("x-long", "x" * 100_000)], raw=raw))
    assert len(request.headers["x-long"]) == 100_000


def test_no_http_part() -> None:
    """The network filter's Check has no HTTP part, and is seen to have none."""
    check = check_request()
    check.attributes.request.ClearField("http")
    assert not read(check).method


def test_nothing_at_all() -> None:
    """An empty message is a Check without attributes."""
    request = RequestReader().read(b"", {})
    assert isinstance(request, EnvoyRequest)
    assert everything(request) == GivenAttributes()


@given(st.binary(max_size=300))
def test_random_bytes(message: bytes) -> None:
    """Whatever arrives is read, or is no Check; nothing raises."""
    request = RequestReader().read(message, {})
    if isinstance(request, EnvoyRequest):
        everything(request)


@given(st.data())
def test_truncated(data: st.DataObject) -> None:
    """So is a Check that was cut off or damaged."""
    message = bytearray(check_request([("x-key", "value"), ("x-other", "v")]).SerializeToString())
    for _ in range(data.draw(st.integers(0, 3))):
        message[data.draw(st.integers(0, len(message) - 1))] = data.draw(st.integers(0, 255))
    RequestReader().read(bytes(message[: data.draw(st.integers(0, len(message)))]), {})


def test_text_that_is_not_utf8() -> None:
    """A Check whose text is not UTF-8 is no Check."""
    message = (
        check_request(path="/PLACE")
        .SerializeToString()
        .replace(b"/PLACE", b"/\xff\xff\xff\xff\xff")
    )
    assert RequestReader().read(message, {}) == NOT_A_CHECK
