"""The bounds of the memory of active tokens."""

from hypothesis import given
from hypothesis import strategies as st

from adapter.identity.introspection.active_tokens import ActiveTokens
from adapter.policy.effects.token import VerifiedToken
from adapter.policy.tokens.introspection import IntrospectionSource
from adapter.runtime.clock import MonotonicTime
from tests.unit.identity.asked_provider import a_source

START = MonotonicTime(0)


def put(
    tokens: ActiveTokens, source: IntrospectionSource, name: str, size: int = 1, until: float = 9
) -> None:
    """Remember a token."""
    outcome = VerifiedToken({"name": name})
    tokens.put(source, name.encode(), outcome, size, until=until, now=START)


def kept(tokens: ActiveTokens, source: IntrospectionSource, *names: str) -> str:
    """Which of these tokens are remembered."""
    return "".join(n for n in names if tokens.get(source, n.encode(), START) is not None)


def test_a_policy_has_as_many_places_as_it_says() -> None:
    """The least recently used token goes first."""
    tokens, source = ActiveTokens(100), a_source(max_remembered=2)
    put(tokens, source, "a")
    put(tokens, source, "b")
    kept(tokens, source, "a")
    put(tokens, source, "c")
    assert kept(tokens, source, "a", "b", "c") == "ac"
    assert (tokens.used, tokens.evicted) == (2, 1)


def test_a_policy_may_remember_nothing() -> None:
    """With no place at all."""
    tokens, source = ActiveTokens(100), a_source(max_remembered=0)
    put(tokens, source, "a")
    assert (kept(tokens, source, "a"), tokens.used) == ("", 0)


def test_the_policy_with_the_most_tokens_gives_way() -> None:
    """One that has few keeps them."""
    tokens, small, large = ActiveTokens(4), a_source("https://a.test"), a_source("https://b.test")
    put(tokens, small, "x")
    for name in "abcdef":
        put(tokens, large, name)
    assert kept(tokens, small, "x") == "x"
    assert kept(tokens, large, *"abcdef") == "def"
    assert tokens.used == 4


def test_tokens_of_policies_that_are_gone_are_forgotten() -> None:
    """Once all of them have expired."""
    tokens = ActiveTokens(4)
    put(tokens, a_source("https://a.test"), "a", until=5)
    new = a_source("https://b.test")
    tokens.put(new, b"b", VerifiedToken({}), 1, until=9, now=MonotonicTime(6))
    assert tokens.used == 1


@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from("xyzuvw"), st.integers(1, 5)),
        max_size=40,
    ),
    st.integers(1, 8),
)
def test_the_memory_never_exceeds_its_bounds(added: list[tuple[str, str, int]], most: int) -> None:
    """After any sequence of calls the count of used places is right."""
    tokens = ActiveTokens(most)
    sources = {name: a_source(f"https://{name}.test", max_remembered=6) for name in "abc"}
    sizes = {}
    for source, name, size in added:
        put(tokens, sources[source], name, size)
        if size <= min(most, 6):
            sizes[source, name] = size
    found = {key: size for key, size in sizes.items() if kept(tokens, sources[key[0]], key[1])}
    assert sum(found.values()) == tokens.used <= most
