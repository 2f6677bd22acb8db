"""header-injection and header-removal, as their pages in docs/policies say."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.policy.decision import Allowed
from adapter.policy.policies.shared.header_values import UNTOUCHABLE
from adapter.policy.verdicts import DenyReason
from tests.builders import applied, contract
from tests.unit.policy.gateway import Gateway, a_request, credentials, removed_headers, set_headers

FAILED = (DenyReason.EXPRESSION_FAILED, 500)


def injecting(*inbound: tuple[str, str], outbound: tuple[tuple[str, str], ...] = ()) -> Gateway:
    """An API whose requests get headers."""
    return Gateway(
        applied(
            "header-injection",
            {
                "inboundHeaders": [{"key": key, "value": value} for key, value in inbound],
                "outboundHeaders": [{"key": key, "value": value} for key, value in outbound],
            },
        )
    )


def removing(*inbound: str, **configuration: Any) -> Gateway:
    """An API whose requests lose headers."""
    return Gateway(applied("header-removal", {"inboundHeaders": list(inbound), **configuration}))


def test_text_and_expressions_are_injected() -> None:
    """The upstream sees what the admin wrote, under a lower-case name."""
    gateway = injecting(("X-Env", "prod"), ("x-verb", "#[lower(attributes.method)]"))
    assert set_headers(gateway.allows(a_request())) == (("x-env", "prod"), ("x-verb", "get"))


def test_injection_appends_to_what_the_client_sent() -> None:
    """As on the vendor's gateway, the client's value stays in front."""
    allowed = injecting(("x-tag", "ours")).allows(a_request({"x-tag": "theirs"}))
    assert set_headers(allowed) == (("x-tag", "theirs,ours"),)


@pytest.mark.parametrize("theirs", ["Jos!", "a!,b", "tab\there", "\x01", "a\x85"])
def test_what_we_cannot_write_back_is_left_to_envoy_to_append_to(theirs: str) -> None:
    """In a Check, `!` may stand for an octet that is not UTF-8."""
    gateway = Gateway(
        applied("header-injection", {"inboundHeaders": [{"key": "x-tag", "value": "a"}]}, order=1),
        applied(
            "header-injection",
            {
                "inboundHeaders": [
                    {"key": "x-tag", "value": "b"},
                    {"key": "x-seen", "value": "#[sizeOf(attributes.headers['x-tag'])]"},
                ]
            },
            order=2,
        ),
    )
    allowed = gateway.allows(a_request({"x-tag": theirs}))
    assert allowed.appended == (("x-tag", "a,b"),)
    assert set_headers(allowed) == (("x-seen", str(len(theirs) + 2)),)
    cookie = injecting(("cookie", "b=2"), ("cookie", "c=3")).allows(a_request({"cookie": theirs}))
    assert (cookie.appended, cookie.edits) == ((("cookie", "b=2; c=3"),), ())


@pytest.mark.parametrize(
    ("policy_type", "configuration", "edits"),
    [
        ("header-removal", {"inboundHeaders": ["x-tag"]}, (("x-tag", None),)),
        ("header-removal", {"inboundHeaders": ["x_tag"]}, (("x-tag", None), ("x_tag", None))),
        (
            "credential-injection-basic-auth",
            {"username": "u", "customHeader": "x-tag"},
            (("x-tag", "Basic dTo="),),
        ),
    ],
)
def test_a_later_policy_takes_back_what_envoy_was_to_append(
    policy_type: str, configuration: dict[str, Any], edits: tuple[tuple[str, str | None], ...]
) -> None:
    """The last word counts."""
    injection = {"inboundHeaders": [{"key": "x-tag", "value": "ours"}]}
    gateway = Gateway(
        applied("header-injection", injection, order=1),
        applied(policy_type, configuration, order=2),
    )
    allowed = gateway.allows(a_request({"x-tag": "Jos!"}))
    assert (allowed.appended, allowed.edits) == ((), edits)


def test_a_header_injected_twice_holds_both_values() -> None:
    """Two lines of configuration are two values."""
    allowed = injecting(("x-tag", "a"), ("x-tag", "b")).allows(a_request())
    assert set_headers(allowed) == (("x-tag", "a,b"),)


def test_cookies_are_appended_as_cookies() -> None:
    """The upstream can still parse them (RFC 6265, 4.2.1)."""
    allowed = injecting(("cookie", "b=2")).allows(a_request({"cookie": "a=1"}))
    assert set_headers(allowed) == (("cookie", "a=1; b=2"),)


def test_headers_that_make_sense_once_are_overridden() -> None:
    """Nobody gets two content types."""
    allowed = injecting(("Content-Type", "text/csv")).allows(
        a_request({"content-type": "application/json"})
    )
    assert set_headers(allowed) == (("content-type", "text/csv"),)


def test_outbound_headers_reach_the_client() -> None:
    """Response headers are added, on a denial by a later policy too."""
    gateway = Gateway(
        applied("header-injection", {"outboundHeaders": [{"key": "X-A", "value": "1"}]}, order=1),
        applied("client-id-enforcement", order=2),
        contracts=(contract("c1"),),
    )
    assert gateway.allows(a_request(credentials("c1"))).append_response_headers == (("x-a", "1"),)
    denied = gateway.denies(a_request(), DenyReason.CREDENTIALS_MISSING, 401)
    assert denied.append_response_headers == (("x-a", "1"),)


@pytest.mark.parametrize("name", ["Content-Type", "access-control-allow-origin"])
def test_outbound_headers_that_make_sense_once_are_overridden(name: str) -> None:
    """A response has one content type, and one answer to whose page may read it."""
    allowed = injecting(outbound=((name, "a"), (name, "b"))).allows(a_request())
    assert (allowed.response_headers, allowed.append_response_headers) == (
        ((name.lower(), "b"),),
        (),
    )


def test_a_null_value_injects_nothing() -> None:
    """An optional header can be copied without breaking requests that lack it."""
    gateway = injecting(("x-copy", "#[attributes.headers.original]"), ("x-b", "1"))
    assert set_headers(gateway.allows(a_request())) == (("x-b", "1"),)


@pytest.mark.parametrize(
    ("value", "header"),
    [
        ("#['a' ++ attributes.headers.absent]", ""),
        ("#[splitBy(attributes.headers.x, ',')]", "a,b"),
        ("#[attributes.headers.x]", "a\r\nx-admin: true"),
        ("#[attributes.headers.x]", "nul\x00"),
        ("#[attributes.queryParams.q]", ""),
    ],
)
def test_a_value_that_cannot_be_a_header_fails_the_request(value: str, header: str) -> None:
    """Nothing that a client sends can smuggle a header to the upstream."""
    request = a_request({"x": header}, path="/?q=a%0d%0ax-admin:true")
    injecting(("x-copy", value)).denies(request, *FAILED)
    injecting(outbound=(("x-copy", value),)).denies(request, *FAILED)


@given(st.text(), st.text())
def test_no_control_character_leaves_whatever_comes_in(header: str, query: str) -> None:
    """The property behind it: values are fit for a header, or the request fails."""
    gateway = injecting(("x-a", "#[attributes.headers.x]"), ("x-b", "#[attributes.queryParams.q]"))
    decision = gateway.ask(a_request({"x": header}, path=f"/?q={query}"))
    if isinstance(decision, Allowed):
        for _, value in set_headers(decision):
            assert not any((ord(c) < 32 and c != "\t") or ord(c) == 127 for c in value)
            value.encode()


@pytest.mark.parametrize("name", [*sorted(UNTOUCHABLE), "Host", ":path", "", "x y", "x\r\ny", "é"])
def test_headers_of_the_connection_cannot_be_injected(name: str) -> None:
    """A policy cannot change where a request goes, or where it ends."""
    (fault,) = injecting((name, "x")).api.faults
    assert "inboundHeaders.0.key" in fault


@pytest.mark.parametrize(
    ("policy_type", "configuration", "fix"),
    [
        (
            "header-injection",
            {"inboundHeaders": [{"key": "x-envoy-max-retries", "value": "1"}]},
            "set timeouts and retries in Envoy's route",
        ),
        (
            "header-injection",
            {"inboundHeaders": [{"key": "X-Envoy-Expected-Rq-Timeout-Ms", "value": "1"}]},
            "choose another name",
        ),
        (
            "header-injection",
            {"outboundHeaders": [{"key": "Server", "value": "ours"}]},
            "set server_name or server_header_transformation",
        ),
        ("header-removal", {"inboundHeaders": ["Upgrade"]}, "remove upgrade_configs"),
        (
            "header-removal",
            {"inboundHeaders": ["x-envoy-expected-rq-timeout-ms"]},
            "set suppress_envoy_headers",
        ),
    ],
)
def test_what_envoy_would_undo_closes_the_api_and_names_envoys_own_setting(
    policy_type: str, configuration: dict[str, Any], fix: str
) -> None:
    """A policy without an effect would only look like protection."""
    (fault,) = Gateway(applied(policy_type, configuration)).api.faults
    assert fix in fault


def test_a_literal_that_cannot_be_a_header_closes_the_api() -> None:
    """What will fail for every request fails at sync time, without showing the value."""
    (fault,) = injecting(("x-a", "hunter2\r\n")).api.faults
    assert "inboundHeaders.0.value: control characters" in fault
    assert "hunter2" not in fault


def test_a_response_header_injected_twice_comes_twice() -> None:
    """Two lines of configuration are two values, for the client as for the upstream."""
    allowed = injecting(outbound=(("x-a", "1"), ("X-A", "2"))).allows(a_request())
    assert allowed.append_response_headers == (("x-a", "1"), ("x-a", "2"))


def test_injecting_nothing_is_fine() -> None:
    """An empty policy changes nothing."""
    assert set_headers(injecting().allows(a_request())) == ()


def test_named_headers_are_removed() -> None:
    """The upstream does not see them, whatever the case of the name."""
    assert removed_headers(removing("X-Secret", "x_token").allows(a_request())) == (
        "x-secret",
        "x_token",
    )


def test_patterns_match_whole_names() -> None:
    """`x-int-.*` is not `my-x-int-a`."""
    request = a_request({"x-int-a": "1", "x-int-b": "2", "my-x-int-a": "3", ":path": "/"})
    assert removed_headers(removing("X-Int-.*").allows(request)) == ("x-int-a", "x-int-b")


def test_protected_headers_stay() -> None:
    """As on the vendor's gateway, not even a pattern for all of them takes them."""
    kept = dict.fromkeys(
        ("accept", "host", "content-type", "content-length", "date", "connection", ":method"), "x"
    )
    assert removed_headers(removing(".*", "accept").allows(a_request(kept | {"x": "1"}))) == ("x",)


def test_later_policies_do_not_see_remove_headers() -> None:
    """Order matters: what is removed first is gone for the policies after it."""
    gateway = Gateway(
        applied("header-removal", {"inboundHeaders": ["client_.*"]}, order=1),
        applied("client-id-enforcement", order=2),
        contracts=(contract("c1"),),
    )
    gateway.denies(a_request(credentials("c1")), DenyReason.CREDENTIALS_MISSING, 401)


def test_what_an_earlier_policy_injected_can_be_removed() -> None:
    """A pattern sees the request as it stands by then."""
    gateway = Gateway(
        applied("header-injection", {"inboundHeaders": [{"key": "x-a", "value": "1"}]}, order=1),
        applied("header-removal", {"inboundHeaders": ["x-[a-z]"]}, order=2),
    )
    allowed = gateway.allows(a_request({"x-b": "2"}))
    assert (set_headers(allowed), set(removed_headers(allowed))) == ((), {"x-a", "x-b"})


def test_removal_from_responses_closes_the_api_and_says_why() -> None:
    """What Envoy's external authorization cannot do is not silently left undone."""
    assert removing("x", outboundHeaders=[]).api.faults == ()
    (fault,) = removing("x", outboundHeaders=["server"]).api.faults
    assert "outboundHeaders: cannot be enforced" in fault
    assert "response_headers_to_remove" in fault


@pytest.mark.parametrize("bad", ["x-(", "", "(?=x)"])
def test_a_bad_pattern_closes_the_api(bad: str) -> None:
    """A pattern that RE2 does not take is told."""
    (fault,) = removing(bad).api.faults
    assert "inboundHeaders.0" in fault


def test_removing_nothing_is_fine() -> None:
    """An empty policy changes nothing."""
    assert removed_headers(removing().allows(a_request())) == ()


@pytest.mark.parametrize(
    ("pattern", "sent"),
    [("x-int-.*", "x_int_a"), ("client_.*", "client-id"), (r"x\wa", "x-a"), ("x-a|x-b", "x.b")],
)
def test_a_pattern_matches_whatever_the_name_is_taken_for(pattern: str, sent: str) -> None:
    """The upstream may read `x_int_a` as `x-int-a`."""
    assert removed_headers(removing(pattern).allows(a_request({sent: "1", "z_z": "2"}))) == (sent,)


def test_a_pattern_takes_nothing_that_belongs_to_the_connection() -> None:
    """A gRPC upstream needs `te`; a pattern is not meant for it, a name is."""
    hop_by_hop = dict.fromkeys(("te", "trailer", "upgrade", "keep-alive"), "x")
    assert removed_headers(removing(".*").allows(a_request(hop_by_hop))) == ()
    assert removed_headers(removing("te", "Trailer").allows(a_request())) == ("te", "trailer")


def test_what_an_earlier_policy_injected_is_removed_in_every_spelling() -> None:
    """Removing `x-user` also removes `x_user`."""
    gateway = Gateway(
        applied("header-injection", {"inboundHeaders": [{"key": "x_user", "value": "1"}]}, order=1),
        applied("header-removal", {"inboundHeaders": ["x-user"]}, order=2),
    )
    assert set_headers(gateway.allows(a_request())) == ()
