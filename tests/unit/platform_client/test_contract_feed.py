"""The cursor: where a pass ends, where the next begins, what it makes of the contracts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.errors import DocumentError
from adapter.platform_client.protocol.contract_feed import FeedPass
from adapter.platform_client.protocol.translate import ContractChange
from adapter.policy.contracts.contract import Contract

START = "http://platform.test/contracts"


def contract(contract_id: str, version: int = 0) -> Contract:
    """A contract that differs by version."""
    return Contract(contract_id, f"client-{contract_id}", str(version))


def change(contract_id: str, version: int | None = 0) -> ContractChange:
    """A row; no version: a tombstone."""
    return ContractChange(contract_id, None if version is None else contract(contract_id, version))


def feed_pass(cursor: str | None = None) -> FeedPass:
    """A pass of at most five pages."""
    return FeedPass(START, cursor, 5)


@pytest.mark.parametrize("following", ["?c=2", "/contracts?c=2", f"{START}?c=2"])
def test_an_empty_page_ends_the_pass_and_its_next_is_kept(following: str) -> None:
    """The last `next` is where the following poll begins, in whatever form it comes."""
    feed = feed_pass()
    feed.take([change("a")], empty=False, next_url="?c=1")
    assert not feed.complete
    assert feed.url == f"{START}?c=1"
    feed.take([], empty=True, next_url=following)
    assert feed.complete
    assert feed.cursor == f"{START}?c=2"


def test_an_unchanged_next_ends_the_pass() -> None:
    """A full page that leads to itself is the present."""
    feed = feed_pass(f"{START}?c=1")
    feed.take([change("a")], empty=False, next_url=f"{START}?c=1")
    assert feed.complete
    assert feed.cursor == f"{START}?c=1"


def test_without_a_next_the_following_pass_starts_over() -> None:
    """A platform that gives no cursor is read from the beginning each time."""
    feed = feed_pass()
    feed.take([change("a")], empty=False, next_url=None)
    assert feed.complete
    assert feed.cursor is None


def test_an_incomplete_pass_has_no_cursor() -> None:
    """Nobody goes on from the middle of a pass that failed."""
    feed = feed_pass()
    feed.take([change("a")], empty=False, next_url="?c=1")
    assert feed.cursor is None


@pytest.mark.parametrize(
    "link", ["http://platform.test/a/../b;?c=%41&d=+%e2&&#", "HTTP://Platform.test:80/b?"]
)
def test_a_whole_link_is_kept_byte_for_byte(link: str) -> None:
    """A cursor is the platform's, in its own words."""
    feed = feed_pass()
    feed.take([change("a")], empty=False, next_url=link)
    assert feed.url == link


def test_a_link_that_is_no_address_is_named() -> None:
    """Not even one that cannot be joined is a bug of ours."""
    with pytest.raises(DocumentError, match="not a valid URL"):
        feed_pass().take([change("a")], empty=False, next_url="http://[::1")


def test_a_circle_is_noticed() -> None:
    """Pages that lead back to an earlier one are left at once."""
    feed = feed_pass()
    feed.take([change("a")], empty=False, next_url="?c=1")
    with pytest.raises(DocumentError, match="circle"):
        feed.take([change("b")], empty=False, next_url=START)


def test_an_endless_chain_is_noticed() -> None:
    """More pages than the limit are left."""
    feed = feed_pass()
    for page in range(4):
        feed.take([change("a")], empty=False, next_url=f"?c={page}")
    with pytest.raises(DocumentError, match="more than 5 pages"):
        feed.take([change("a")], empty=False, next_url="?c=9")


def test_nothing_new_is_the_same_object() -> None:
    """What did not change is not rebuilt: the caller sees it by identity."""
    contracts = {"a": contract("a"), "b": contract("b")}
    later, whole = feed_pass("?c"), feed_pass()
    later.take([change("a"), change("x", None)], empty=False, next_url=None)
    whole.take([change("b"), change("a")], empty=False, next_url=None)
    assert later.applied_to(contracts) is contracts
    assert whole.applied_to(contracts) is contracts
    assert later.revocations_applied_to(contracts) is contracts


def test_a_whole_pass_drops_what_is_not_in_it() -> None:
    """A contract whose tombstone got lost ends with the next whole pass."""
    feed = feed_pass()
    feed.take([change("a")], empty=False, next_url=None)
    assert feed.applied_to({"a": contract("a"), "b": contract("b")}).keys() == {"a"}


def test_of_two_contracts_of_a_client_the_later_counts() -> None:
    """A changed contract goes behind the others, where lookups by client id find it last."""
    feed = feed_pass("?c")
    feed.take([change("a", 1)], empty=False, next_url=None)
    assert list(feed.applied_to({"a": contract("a"), "b": contract("b")})) == ["b", "a"]


LOG = st.lists(st.tuples(st.sampled_from("abcd"), st.none() | st.integers(0, 2)), max_size=12)


@given(LOG, st.integers(0, 12), st.integers(1, 4))
def test_polls_add_up_to_the_log(
    log: list[tuple[str, int | None]], polled_after: int, page_size: int
) -> None:
    """However the log is cut into pages and polls, the contracts are what its last words say."""
    changes = [change(*row) for row in log]
    contracts = _polled(
        _polled({}, changes[:polled_after], None, page_size),
        changes[polled_after:],
        "?c",
        page_size,
    )
    last_words = {c.contract_id: c.contract for c in changes}
    assert contracts == {i: c for i, c in last_words.items() if c is not None}


@given(LOG, LOG)
def test_revocations_only_take_away(
    before: list[tuple[str, int | None]], log: list[tuple[str, int | None]]
) -> None:
    """What applies from an otherwise failed poll never adds or changes a contract."""
    contracts = _polled({}, [change(*row) for row in before], None, 20)
    feed = feed_pass("?c")
    feed.take([change(*row) for row in log], empty=False, next_url=None)
    after = feed.revocations_applied_to(contracts)
    assert after.items() <= contracts.items()
    assert after.keys() == feed.applied_to(contracts).keys() & contracts.keys()


def _polled(
    contracts: dict[str, Contract],
    changes: list[ContractChange],
    cursor: str | None,
    page_size: int,
) -> dict[str, Contract]:
    feed = FeedPass(START, cursor, 100)
    for start in range(0, len(changes) + page_size, page_size):
        page = changes[start : start + page_size]
        feed.take(page, empty=not page, next_url=f"?n={start}")
        if feed.complete:
            break
    return dict(feed.applied_to(contracts))
