"""What servers could take for a header that we or a policy set or removed reaches no upstream."""

import pytest
from envoy.service.auth.v3.external_auth_pb2 import CheckResponse, OkHttpResponse
from hypothesis import given
from hypothesis import strategies as st

from adapter.policy.decision import Allowed
from adapter.policy.request.attributes import GivenAttributes
from adapter.policy.request.header_spelling import dashed
from adapter.policy.verdicts import Edit
from support.defaults import response_writer

separators = st.sampled_from("-_.")
names = st.lists(st.sampled_from(["x", "user", "id"]), min_size=1, max_size=3).flatmap(
    lambda words: st.lists(separators, min_size=len(words) - 1, max_size=len(words) - 1).map(
        lambda between: "".join(a + b for a, b in zip(words, [*between, ""], strict=True))
    )
)


def answered(edits: tuple[Edit, ...], *sent: str) -> OkHttpResponse:
    """What Envoy is told of a request with these headers."""
    request = GivenAttributes(headers=dict.fromkeys(sent, "theirs"))
    response = response_writer().write(Allowed(None, 1, None, edits), request)
    return CheckResponse.FromString(response).ok_response


def passed(edits: tuple[Edit, ...], *sent: str) -> dict[str, str]:
    """The headers that the upstream sees: Envoy sets first, and removes then."""
    ok = answered(edits, *sent)
    headers = dict.fromkeys(sent, "theirs") | {h.header.key: h.header.value for h in ok.headers}
    return {n: value for n, value in headers.items() if n not in ok.headers_to_remove}


@pytest.mark.parametrize("sent", ["x_secret", "x.secret", "x-secret", "x~secret"])
@pytest.mark.parametrize("named", ["x-secret", "x_secret"])
def test_a_removed_header_is_removed_in_every_spelling(named: str, sent: str) -> None:
    """Not only in that of the policy."""
    assert passed(((named, None),), sent, "x-other") == {"x-other": "theirs"}


@pytest.mark.parametrize("sent", ["x_user", "x.user", "x-user"])
@pytest.mark.parametrize("named", ["x-user", "x_user"])
def test_no_other_spelling_stands_beside_an_injected_header(named: str, sent: str) -> None:
    """The upstream has one value to read: the policy's."""
    assert passed(((named, "ours"),), sent) == {named: "ours"}


@pytest.mark.parametrize("sent", ["x_adapter_client_id", "x_adapter-principal", "x.adapter.api.id"])
def test_no_other_spelling_of_an_identity_header_passes(sent: str) -> None:
    """Where a hand-written Envoy does not drop them."""
    assert passed((), sent) == {}
    assert passed((("x-a", "1"),), sent) == {"x-a": "1"}


@pytest.mark.parametrize(
    "sent",
    ["x-adapter-anything", "x-adapter-reason", "x_adapter_token", "x-adapter_", "x.adapter-a"],
)
def test_no_header_passes_that_looks_like_one_of_ours(sent: str) -> None:
    """An upstream may trust the prefix, also in a mesh whose Envoys do not remove such headers."""
    assert passed((), sent, "x-adapter", "x-adapterx", "x-adapter-client-address") == {
        "x-adapter": "theirs",
        "x-adapterx": "theirs",
    }
    for of_policy in ("x-adapter-color", "x_adapter_color"):
        assert passed(((of_policy, "ours"),), sent, of_policy) == {of_policy: "ours"}
    assert passed((("x-adapter-reason", "ours"),), sent, "x-adapter-reason") == {}


def test_two_spellings_that_policies_set_both_stay() -> None:
    """An admin may want both."""
    edits = (("x-user", "1"), ("x_user", "2"))
    assert passed(edits, "x.user") == {"x-user": "1", "x_user": "2"}


def test_what_must_stay_stays_whatever_is_spelled_like_it() -> None:
    """A policy about `content_type` takes no content type away."""
    names = ("content-type", "content-length", "host", "transfer-encoding", "upgrade")
    for name in names:
        odd = name.replace("-", "_") if "-" in name else f"{name}."
        for value in (None, "1"):
            assert name in passed(((odd, value),), name)


@given(st.lists(st.tuples(names, st.none() | st.just("ours")), max_size=4), st.sets(names))
def test_one_spelling_reaches_the_upstream_and_it_is_the_policies(
    edits: list[Edit], sent: set[str]
) -> None:
    """Whatever the client sends beside what policies set or removed."""
    last = dict(edits)
    seen = passed(tuple(last.items()), *sent)
    assert {n: v for n, v in last.items() if v is not None} == {
        n: v for n, v in seen.items() if v == "ours"
    }
    meant = set(map(dashed, last))
    assert {n for n, v in seen.items() if v == "theirs"} == {
        n for n in sent if dashed(n) not in meant
    }
