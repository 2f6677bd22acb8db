"""The fast reader of Checks says the same as the protobuf reader, or nothing."""

from collections.abc import Callable

import pytest
from envoy.service.auth.v3.external_auth_pb2 import CheckRequest
from google.protobuf.json_format import ParseDict
from hypothesis import example, given, settings
from hypothesis import strategies as st

from adapter.ext_authz.check import fast_reader
from adapter.ext_authz.response.identity_part import varint
from tests.unit.ext_authz.agreement import ADDRESS, METADATA, agree
from tests.unit.ext_authz.checks import check_request

ascii_text = st.text(st.characters(max_codepoint=0x7F), max_size=40)
long_text = st.integers(120, 20_000).map("x".__mul__)
names = st.text(st.characters(max_codepoint=0x7F), min_size=1, max_size=127)
own_names = st.builds(
    "x{}adapter{}{}".format, st.sampled_from("-_.a"), st.sampled_from("-_.a"), st.just("") | names
).filter(lambda name: len(name) < 128)
headers = st.dictionaries(
    names | own_names | st.just("x-adapter-client-address"), ascii_text | long_text
)
marks = st.sampled_from(
    ["client_address", "api_chosen_by", "api_chosen_by_host", "api_id", "client_addresS"]
)
marked = st.sampled_from(["attested", "path", "true", "Path", ""])
extensions = st.dictionaries(names | marks, ascii_text | marked, max_size=4)
bodies = st.just(b"") | st.binary(max_size=30) | st.integers(120, 20_000).map(b"\xff".__mul__)


@st.composite
def plain_checks(draw: st.DrawFn) -> bytes:
    """Checks as Envoy writes them, with any ASCII text."""
    check = check_request(draw(headers).items(), raw=False, api_id=draw(ascii_text))
    for name, value in draw(extensions).items():
        check.attributes.context_extensions[name] = value
    http = check.attributes.request.http
    for field in ("id", "method", "path", "host", "scheme", "protocol", "query", "fragment"):
        setattr(http, field, draw(ascii_text | long_text))
    http.size = draw(st.integers(0, 2**62))
    http.raw_body = draw(bodies)
    check.attributes.destination.service = draw(st.text(max_size=200))
    check.attributes.destination.principal = draw(st.text(max_size=200))
    check.attributes.destination.address.socket_address.port_value = draw(st.integers(0, 65535))
    check.attributes.source.principal = draw(st.text(max_size=200))
    check.attributes.source.certificate = draw(st.text(max_size=200) | long_text)
    if draw(st.booleans()):
        name = draw(st.text() | st.just("envoy.filters.http.jwt_authn"))
        payloads = check.attributes.metadata_context.filter_metadata[name]
        payloads.update(
            {draw(st.text()): {"sub": draw(st.text()), "roles": ["a", True, 1.5, None]}}
        )
    message: bytes = check.SerializeToString()
    return message


any_text = st.text(max_size=10)
resources = st.dictionaries(
    st.sampled_from(["kind", "namespace", "name", "sectionName", "annotations"]) | any_text,
    any_text | st.dictionaries(any_text, any_text, max_size=2),
    max_size=5,
)
route_metadata = st.dictionaries(
    st.sampled_from(["envoy-gateway", "istio"]) | any_text,
    st.fixed_dictionaries({}, optional={"resources": st.lists(resources), "config": any_text}),
    max_size=3,
)


@given(route_metadata)
def test_the_route_of_a_mesh_is_read_by_both(namespaces: dict[str, dict[str, object]]) -> None:
    """Whatever a control plane writes, also text beyond ASCII. All requests of a mesh have it."""
    check = check_request(raw=False)
    ParseDict({"filterMetadata": namespaces}, check.attributes.route_metadata_context)
    assert agree(check.SerializeToString())
    assert agree(check.SerializeToString())


@given(route_metadata, st.data())
def test_damaged_routes_are_left_to_the_protobuf_reader(
    namespaces: dict[str, dict[str, object]], data: st.DataObject
) -> None:
    """It alone decides what is no Check."""
    check = check_request(raw=False)
    ParseDict({"filterMetadata": namespaces}, check.attributes.route_metadata_context)
    octets = bytearray(check.attributes.route_metadata_context.SerializeToString() or b"x")
    octets[data.draw(st.integers(0, len(octets) - 1))] = data.draw(st.integers(0, 255))
    check.attributes.ClearField("route_metadata_context")
    inner = check.attributes.SerializeToString() + b"\x6a" + varint(len(octets)) + bytes(octets)
    message = b"\x0a" + varint(len(inner)) + inner
    if fast_reader.read(message, METADATA, ADDRESS) is not None:
        assert agree(message)


def with_two_routes(check: CheckRequest) -> bytes:
    """The Check with a mesh's metadata twice, which protobuf merges."""
    check.attributes.route_metadata_context.filter_metadata["istio"]["config"] = "route"
    inner = check.attributes.SerializeToString()
    again = check.attributes.route_metadata_context.SerializeToString()
    inner += b"\x6a" + varint(len(again)) + again
    message: bytes = b"\x0a" + varint(len(inner)) + inner
    return message


@st.composite
def checks(draw: st.DrawFn) -> bytes:
    """Checks of any kind."""
    check = check_request(
        draw(st.dictionaries(any_text, any_text)).items(), raw=draw(st.booleans())
    )
    check.attributes.request.http.path = draw(any_text)
    check.attributes.source.principal = draw(any_text)
    check.attributes.request.http.body = draw(any_text)
    check.attributes.request.http.size = draw(st.integers(-1, 1))
    if draw(st.booleans()):
        check.attributes.route_metadata_context.filter_metadata["istio"]["config"] = "route"
    message: bytes = check.SerializeToString()
    return message


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """Checks with bytes changed, removed, repeated or inserted."""
    message = draw(plain_checks() | checks())
    for _ in range(draw(st.integers(0, 4))):
        start, stop = sorted(draw(st.tuples(*[st.integers(0, len(message))] * 2)))
        between = draw(st.binary(max_size=3) | st.just(2 * message[start:stop]))
        message = message[:start] + between + message[min(stop, start + 3) :]
    return message


@given(plain_checks())
def test_the_fast_reader_reads_what_envoy_writes(message: bytes) -> None:
    """What every Envoy sends is read without the protobuf library, and says the same."""
    assert agree(message)


@settings(max_examples=500)
@given(damaged())
@example(b"")
@example(b"\n")
@example(b"\n\x00")
def test_the_fast_reader_agrees_or_leaves_the_check_alone(message: bytes) -> None:
    """A Check that the two readers read differently would be a way around policies."""
    agree(message)


@given(damaged())
def test_a_truncated_check_does_not_make_the_fast_reader_raise(message: bytes) -> None:
    """Wherever the bytes end."""
    for size in range(min(len(message), 200)):
        agree(message[:size])


def twice(check: CheckRequest) -> bytes:
    """Two `attributes` in one message, which protobuf merges."""
    message: bytes = check.SerializeToString() + check_request(method="POST").SerializeToString()
    return message


def with_text(text: str) -> Callable[[CheckRequest], bytes]:
    """The Check with that in a header."""

    def write(check: CheckRequest) -> bytes:
        check.attributes.request.http.headers["x-name"] = text
        message: bytes = check.SerializeToString()
        return message

    return write


@pytest.mark.parametrize("write", [twice, with_text("Zoë"), with_two_routes])
def test_unusual_checks_are_left_to_the_protobuf_reader(
    write: Callable[[CheckRequest], bytes],
) -> None:
    """Repeated messages, and text beyond ASCII."""
    assert not agree(write(check_request(raw=False)))


@pytest.mark.parametrize(
    "extensions",
    [
        {},
        {"client_address": "attested"},
        {"client_address": "attested", "api_chosen_by": "path"},
        {"client_address": "attested", "api_chosen_by": "path", "api_chosen_by_host": "true"},
        {"client_address": "", "api_chosen_by": "host", "other": "x" * 300},
    ],
)
def test_the_fast_reader_reads_context_extensions(extensions: dict[str, str]) -> None:
    """The Envoy configuration that we print has two or three of them on each route."""
    headers = [("x-adapter-client-address", "203.0.113.7")]
    check = check_request(headers, raw=False, extensions=extensions)
    assert agree(check.SerializeToString())


@pytest.mark.parametrize("last", ["attested", "no"])
def test_the_last_one_of_a_repeated_context_extension_counts(last: str) -> None:
    """As in protobuf's map."""
    check = check_request(
        [("x-adapter-client-address", "203.0.113.7")],
        raw=False,
        extensions={"client_address": last},
    )
    first = CheckRequest()
    first.attributes.context_extensions["client_address"] = "attested"
    octets = first.attributes.SerializeToString() + check.attributes.SerializeToString()
    size = bytes((len(octets) & 0x7F | 0x80, len(octets) >> 7))
    assert agree(b"\x0a" + size + octets)


@pytest.mark.parametrize("principal", [b"", b"a", "Zoë".encode(), b"\xff"])
def test_the_fast_reader_reads_the_principal(principal: bytes) -> None:
    """A principal that is not UTF-8 is none, and the Check is read all the same."""
    check = check_request(raw=False)
    attributes = check.attributes.SerializeToString()
    peer = b"\x0a\x00\x22" + bytes((len(principal),)) + principal
    source = b"\x0a" + bytes((len(peer),)) + peer
    octets = attributes + source
    message = b"\x0a" + bytes((len(octets) & 0x7F | 0x80, len(octets) >> 7)) + octets
    assert agree(message)
    request = fast_reader.read(message, METADATA, ADDRESS)
    assert request is not None
    assert request.principal == ("" if principal == b"\xff" else principal.decode())
