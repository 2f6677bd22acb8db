"""What Envoy is told, read back with Envoy's own message definitions."""

import json
import re
from collections.abc import Iterable

import pytest
from envoy.config.core.v3.base_pb2 import HeaderValueOption
from envoy.service.auth.v3.external_auth_pb2 import CheckResponse
from hypothesis import given
from hypothesis import strategies as st

from adapter.authorization.decision_record import DecisionRecord
from adapter.ext_authz.response.headers import clean_value, encodable
from adapter.ext_authz.response.identity_part import LONGEST_METADATA
from adapter.ext_authz.response.writer import ResponseWriter
from adapter.policy.catalog import ApiInstance, PolicyRef
from adapter.policy.decision import Allowed, Answered, Decision, Denied
from adapter.policy.request.attributes import GivenAttributes, RequestAttributes
from adapter.policy.verdicts import Deny, DenyReason, DirectResponse, Identity
from support.defaults import response_writer

API = ApiInstance("1", "orders", "1.0.0")
OURS = {"api-id", "client-id", "client-name", "contract-id", "sla-tier", "principal"}
WHO = Identity("client-1", "Zoë's shop", "77", "gold")


ANY = GivenAttributes()
TO_GRPC = GivenAttributes(headers={"content-type": "application/grpc"})


def write(decision: Decision, request: RequestAttributes = ANY) -> CheckResponse:
    """Through the bytes, as Envoy reads them."""
    return CheckResponse.FromString(response_writer().write(decision, request))


def denied(status: int = 403, message: str = "Refused", **fields: object) -> Denied:
    """A denial by a policy."""
    deny = Deny(DenyReason.ACCESS_BLOCKED, status, message, **fields)  # type: ignore[arg-type]
    return Denied(deny, 7, API, PolicyRef("5", "ip-blocklist"), WHO, (("x-earlier", "1"),))


def pairs(options: Iterable[HeaderValueOption]) -> dict[str, str]:
    """Names and values; a repeated name would hide, so there must be none."""
    options = list(options)
    headers = {o.header.key: o.header.value for o in options}
    assert len(headers) == len(options)
    return headers


def test_allowed() -> None:
    """The upstream sees who calls, and no other header of the family can get past us."""
    ok = write(Allowed(API, 7, WHO)).ok_response
    assert pairs(ok.headers) == {
        "x-adapter-api-id": "1",
        "x-adapter-client-id": "client-1",
        "x-adapter-client-name": "Zoë's shop",
        "x-adapter-contract-id": "77",
        "x-adapter-sla-tier": "gold",
    }
    assert set(ok.headers_to_remove) == {"x-adapter-principal", "x-adapter-client-address"}


def test_allowed_anonymously() -> None:
    """Without an identity, all of the family is removed."""
    ok = write(Allowed(None, 7)).ok_response
    assert pairs(ok.headers) == {}
    family = {f"x-adapter-{name}" for name in OURS}
    assert set(ok.headers_to_remove) == family | {"x-adapter-client-address"}


def test_overwriting_is_spelt_out() -> None:
    """Envoys differ in what an unset `append` means: forged values must go in all of them."""
    allowed = Allowed(API, 7, WHO, edits=(("x-a", "1"),), response_headers=(("x-b", "2"),))
    ok = write(allowed).ok_response
    assert all(o.HasField("append") and not o.append.value for o in ok.headers)
    assert [o.append_action for o in ok.response_headers_to_add] == [
        HeaderValueOption.OVERWRITE_IF_EXISTS_OR_ADD
    ]


def test_what_envoy_appends_is_no_edit_of_ours() -> None:
    """The client's value is not in the answer, so that its octets stay as they are."""
    allowed = Allowed(API, 7, edits=(("x-a", "1"),), appended=(("X-Tag", "a\r\nb"), ("x_b", "2")))
    ok = write(allowed).ok_response
    appended = [(o.header.key, o.header.value) for o in ok.headers if o.append.value]
    assert appended == [("x-tag", "a  b"), ("x_b", "2")]
    assert "x-b" in ok.headers_to_remove
    assert "x-tag" not in ok.headers_to_remove


def test_edits() -> None:
    """Policies set and remove headers, on the request and on the response."""
    allowed = Allowed(
        API,
        7,
        edits=(("x-set", "1"), ("authorization", None)),
        response_headers=(("x-ratelimit-limit", "10"),),
    )
    ok = write(allowed).ok_response
    assert pairs(ok.headers) == {"x-adapter-api-id": "1", "x-set": "1"}
    assert "authorization" in ok.headers_to_remove
    assert pairs(ok.response_headers_to_add) == {"x-ratelimit-limit": "10"}


@pytest.mark.parametrize("request_", [ANY, TO_GRPC], ids=["http", "grpc"])
def test_a_denial_has_the_id_by_which_operators_find_it(request_: RequestAttributes) -> None:
    """The client sees it in a header, and Envoy's access log can print it."""
    answer = response_writer().write(denied(), request_, "019ac8f1b2d4f7a3e001")
    response = CheckResponse.FromString(answer)
    headers = pairs(response.denied_response.headers)
    assert headers["x-adapter-decision-id"] == "019ac8f1b2d4f7a3e001"
    assert response.dynamic_metadata["decision_id"] == "019ac8f1b2d4f7a3e001"


def test_the_header_with_the_id_can_be_turned_off() -> None:
    """The metadata still has it."""
    writer = ResponseWriter("x-adapter-", "x-address", sends_decision_id=False)
    response = CheckResponse.FromString(writer.write(denied(), ANY, "019ac8f1b2d4f7a3e001"))
    assert "x-adapter-decision-id" not in pairs(response.denied_response.headers)
    assert response.dynamic_metadata["decision_id"] == "019ac8f1b2d4f7a3e001"


def test_policies_cannot_forge() -> None:
    """A policy may take an identity header away, never say something else in it."""
    allowed = Allowed(
        API,
        7,
        WHO,
        edits=(
            ("X-Adapter-Client-Id", "other"),
            ("x-adapter-principal", "root"),
            ("x-adapter-client-name", None),
        ),
    )
    ok = write(allowed).ok_response
    # Envoy removes after it sets.
    passed = {n: v for n, v in pairs(ok.headers).items() if n not in ok.headers_to_remove}
    assert passed["x-adapter-client-id"] == "client-1"
    assert not {"x-adapter-principal", "x-adapter-client-name"} & set(passed)
    assert {"x-adapter-principal", "x-adapter-client-name"} <= set(ok.headers_to_remove)


def test_framing_is_not_for_policies() -> None:
    """Nothing that could split a message on its connection is set or removed."""
    framing = (("content-length", "0"), ("Transfer-Encoding", "chunked"), (":path", "/"))
    names = tuple(name for name, _ in framing)
    removing = tuple((name, None) for name in names)
    for edits in (framing, removing):
        ok = write(Allowed(None, 7, None, edits, framing)).ok_response
        assert pairs(ok.headers) == {}
        assert pairs(ok.response_headers_to_add) == {}
        assert not {name.lower() for name in names} & set(ok.headers_to_remove)


def test_own_prefix() -> None:
    """An operator may call our headers otherwise."""
    writer = ResponseWriter("x-acme-", "x-real-address")
    ok = CheckResponse.FromString(writer.write(Allowed(API, 7), ANY)).ok_response
    assert pairs(ok.headers) == {"x-acme-api-id": "1"}
    assert "x-acme-client-id" in ok.headers_to_remove
    assert "x-real-address" in ok.headers_to_remove
    refused = CheckResponse.FromString(writer.write(denied(), ANY)).denied_response
    assert pairs(refused.headers)["x-acme-reason"] == "access_blocked"


def test_denied() -> None:
    """A client learns its status, why in one word, and what earlier policies had to tell."""
    response = write(denied(401, headers=(("www-authenticate", "Basic"),)))
    refused = response.denied_response
    assert (response.status.code, refused.status.code) == (16, 401)
    assert json.loads(refused.body) == {"error": "Refused"}
    assert pairs(refused.headers) == {
        "content-type": "application/json",
        "www-authenticate": "Basic",
        "x-adapter-reason": "access_blocked",
        "x-earlier": "1",
    }


@pytest.mark.parametrize(
    ("status", "grpc_status"),
    [(400, 3), (401, 16), (403, 7), (404, 5), (418, 7), (429, 8), (500, 13), (502, 13), (503, 14)],
)
def test_denied_to_grpc(status: int, grpc_status: int) -> None:
    """A gRPC client gets the status that says the same, and plain text as its message."""
    response = write(denied(status), TO_GRPC)
    headers = pairs(response.denied_response.headers)
    assert response.status.code == grpc_status
    assert headers["grpc-status"] == str(grpc_status)
    assert "content-type" not in headers
    assert response.denied_response.body == "Refused"


@pytest.mark.parametrize(
    ("status", "sent"), [(0, 400), (100, 400), (200, 400), (599, 599), (2000, 599)]
)
def test_denied_status_is_clamped(status: int, sent: int) -> None:
    """A denial is an error to every client, and no status breaks the protocol."""
    assert write(denied(status)).denied_response.status.code == sent


def test_dynamic_metadata() -> None:
    """The access log entry alone will tell the whole story, denied or not."""
    allowed, refused = write(Allowed(API, 7, WHO)), write(denied(detail="listed"))
    assert allowed.dynamic_metadata["api"] == f"{API.api_id}|{API.name}|{API.version}|7"
    assert allowed.dynamic_metadata["caller"] == "client-1|Zoë's shop|77|gold"
    assert refused.dynamic_metadata["policy_id"] == "5"
    assert refused.dynamic_metadata["detail"] == "listed"
    assert all(isinstance(value, str) for value in refused.dynamic_metadata.values())


def test_appended() -> None:
    """Values that stand beside the upstream's own, twice if there are two of them."""
    appended = (("Vary", "a"), ("vary", "b"), ("bad name", "c"), ("content-length", "1"))
    ok = write(Allowed(API, 7, append_response_headers=appended)).ok_response
    assert [(o.header.key, o.header.value) for o in ok.response_headers_to_add] == [
        ("vary", "a"),
        ("vary", "b"),
    ]
    assert {o.append_action for o in ok.response_headers_to_add} == {
        HeaderValueOption.APPEND_IF_EXISTS_OR_ADD
    }


def test_appended_to_a_denial() -> None:
    """They reach the client of a refusal, too, but never beside what the denial itself says."""
    appended = (("vary", "a"), ("vary", "b"), ("X-Adapter-Reason", "none"), ("content-type", "x/y"))
    decision = denied()._replace(append_response_headers=appended)
    headers = [(o.header.key, o.header.value) for o in write(decision).denied_response.headers]
    assert [value for name, value in headers if name == "vary"] == ["a", "b"]
    assert [value for name, value in headers if name == "x-adapter-reason"] == ["access_blocked"]
    assert [value for name, value in headers if name == "content-type"] == ["application/json"]


def test_answered() -> None:
    """A preflight gets its 2xx from us: for Envoy a denial, for everybody else an answer."""
    answer = DirectResponse(204, (("access-control-allow-origin", "*"),))
    response = write(Answered(answer, 7, API, response_headers=(("x-b", "1"),)))
    assert response.status.code > 0
    assert response.denied_response.status.code == 204
    assert pairs(response.denied_response.headers) == {
        "x-b": "1",
        "access-control-allow-origin": "*",
    }
    assert response.denied_response.body == ""
    assert response.dynamic_metadata["reason"] == "answered"
    assert "policy_id" not in response.dynamic_metadata


_TEXT = st.text() | st.sampled_from(["a\r\nx-b: 1", "\ud800", "x" * 5000, "\x00", " \t"])
_NAMES = _TEXT | st.sampled_from(["x-a", "X-A", "x-adapter-client-id", "content-length", ":path"])
_HEADERS = st.lists(st.tuples(_NAMES, _TEXT), max_size=4).map(tuple)
_WHO = st.none() | st.builds(Identity, _TEXT, _TEXT, _TEXT, _TEXT, _TEXT)
_APIS = st.none() | st.builds(ApiInstance, _TEXT, _TEXT, _TEXT)
_DENIES = st.builds(Deny, st.sampled_from(DenyReason), st.integers(), _TEXT, _TEXT, _HEADERS)
_POLICIES = st.none() | st.builds(PolicyRef, _TEXT, _TEXT)


@given(
    st.builds(Denied, _DENIES, st.integers(), _APIS, _POLICIES, _WHO, _HEADERS, _HEADERS),
    st.booleans(),
)
def test_no_denial_allows(decision: Denied, to_grpc: bool) -> None:
    """Whatever a denial holds, Envoy reads a denial, and clean headers."""
    response = write(decision, TO_GRPC if to_grpc else ANY)
    assert response.status.code > 0
    assert 400 <= response.denied_response.status.code <= 599
    _assert_clean(response.denied_response.headers)


@given(
    st.builds(
        Answered,
        st.builds(DirectResponse, st.integers(), _HEADERS),
        st.integers(),
        _APIS,
        _WHO,
        _HEADERS,
        _HEADERS,
    ),
    st.booleans(),
)
def test_no_answer_allows(decision: Answered, to_grpc: bool) -> None:
    """Whatever an answer holds, the request goes no further, and the client sees a success."""
    response = write(decision, TO_GRPC if to_grpc else ANY)
    assert response.status.code > 0
    assert 200 <= response.denied_response.status.code <= 299
    _assert_clean(response.denied_response.headers)


@given(
    st.builds(
        Allowed,
        _APIS,
        st.integers(),
        _WHO,
        st.lists(st.tuples(_NAMES, st.none() | _TEXT), max_size=6).map(tuple),
        _HEADERS,
        _HEADERS,
    )
)
def test_allowed_is_clean(decision: Allowed) -> None:
    """Whatever an ALLOW holds, headers are clean, and no policy's is both set and removed."""
    ok = write(decision).ok_response
    _assert_clean(ok.headers)
    _assert_clean(ok.response_headers_to_add)
    ours = {f"x-adapter-{name}" for name in OURS}
    assert not (set(pairs(ok.headers)) - ours) & set(ok.headers_to_remove)
    assert all(re.fullmatch(r"[!-9;-~]+", name) for name in ok.headers_to_remove)


@given(st.builds(Identity, *[st.text() | st.text(min_size=100, max_size=3000)] * 5))
def test_identity_is_written_as_the_library_would(identity: Identity) -> None:
    """The encoder's output parses to the same values, for all lengths and characters."""
    response = write(Allowed(None, 7, identity))
    headers, metadata = pairs(response.ok_response.headers), response.dynamic_metadata.fields
    fields = ("client_id", "client_name", "contract_id", "sla_tier", "principal")
    for field, value in zip(fields, identity.held(), strict=True):
        name = f"x-adapter-{field.replace('_', '-')}"
        clean = clean_value(value)
        assert (name in headers) is bool(clean)
        assert (name in response.ok_response.headers_to_remove) is (not clean)
        if clean:
            assert headers[name] == clean
    said = {name: encodable(value) for name, value in zip(fields, identity.held(), strict=True)}
    said.pop("principal")
    expected = DecisionRecord(**said).to_metadata(LONGEST_METADATA)
    assert metadata["caller"].string_value == expected.get("caller", "")


def _assert_clean(options: Iterable[HeaderValueOption]) -> None:
    for option in options:
        assert re.fullmatch(r"[!#$%&'*+.^_`|~0-9a-z-]+", option.header.key)
        assert not re.search(r"[\x00-\x08\x0a-\x1f\x7f]", option.header.value)
    pairs(o for o in options if o.append_action != HeaderValueOption.APPEND_IF_EXISTS_OR_ADD)


@given(st.text(max_size=300), st.text(max_size=300))
def test_a_note_is_written_as_the_library_would(decision_id: str, verdicts: str) -> None:
    """It is added to the metadata that every ALLOW has."""
    octets = response_writer().write(Allowed(API, 7, WHO), ANY, f"1{decision_id}", verdicts)
    fields = CheckResponse.FromString(octets).dynamic_metadata.fields
    found = {name: value.string_value for name, value in fields.items()}
    note = {"decision_id": f"1{encodable(decision_id)}", "verdicts": encodable(verdicts)}
    plain = {"api": "1|orders|1.0.0|7", "caller": "client-1|Zoë's shop|77|gold"}
    assert found == plain | {name: text for name, text in note.items() if text}
