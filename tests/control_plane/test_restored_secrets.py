"""A mask stands for one stored secret, and for no other."""

from typing import Any

import pytest

from control_plane.management.masked_secrets import MASK
from control_plane.management.policy_secrets import restored


def target(host: str, password: str = MASK, **more: Any) -> dict[str, Any]:
    """An item of a list with a secret in it."""
    return {"uri": f"https://{host}.test", "tls": {"password": password}, **more}


A, B = target("a", "hush-a", weight=1), target("b", "hush-b", weight=2)
X = {"key": "X", "value": "hush-x", "note": "old"}
Y = {"key": "Y", "value": "hush-y"}


@pytest.mark.parametrize(
    ("given", "stored", "found"),
    [
        ([target("b", weight=9), target("a")], [A, B], ["hush-b", "hush-a"]),
        ([target("new"), target("a"), target("b")], [A, B], [MASK, "hush-a", "hush-b"]),
        ([target("b")], [A, B], ["hush-b"]),
        ([target("c"), target("b")], [A, B], [MASK, "hush-b"]),
        ([target("a", user="ann"), target("b")], [A, B], [MASK, "hush-b"]),
        ([target("a"), target("a")], [target("a", "one"), target("a", "two")], ["one", "two"]),
        ([target("a")], [target("a", "one"), target("a", "two")], [MASK]),
        ([target("a")], [], [MASK]),
    ],
    ids=["swap", "insert", "remove", "host", "user", "same-texts", "not-clear", "nothing-stored"],
)
def test_a_secret_stays_with_its_item(given: Any, stored: Any, found: list[str]) -> None:
    """The texts of an item tell which one it is, wherever it is in the list."""
    assert [item["tls"]["password"] for item in restored(given, stored)] == found


def test_a_name_tells_which_item_it_is() -> None:
    """Then its other texts may change."""
    given = [Y | {"value": MASK}, X | {"value": MASK, "note": "new"}, {"key": "Z", "value": MASK}]
    assert [item["value"] for item in restored(given, [X, Y])] == ["hush-y", "hush-x", MASK]


def test_lists_inside_an_item_do_not_tell_which_one_it_is() -> None:
    """Their own items do."""
    stored = [{"label": "main", "upstreams": [A, B]}, {"label": "test", "upstreams": [B]}]
    given = [{"label": "main", "upstreams": [target("b"), target("a"), target("c")]}]
    (route,) = restored(given, stored)
    assert [each["tls"]["password"] for each in route["upstreams"]] == ["hush-b", "hush-a", MASK]


def test_a_guess_at_one_secret_tells_nothing_by_another_mask() -> None:
    """A reader may compare any file with what is stored."""
    for guess in ("hush-a", "guess"):
        (item,) = restored([target("a", guess, token=MASK)], [A | {"token": "hush-t"}])
        assert item["token"] == "hush-t"


def test_in_a_long_list_an_item_keeps_its_place() -> None:
    """Looking for thousands of items in thousands of rows would take minutes."""
    stored = [target(f"host-{n}", f"hush-{n}") for n in range(300)]
    given = [target(f"host-{n}") for n in (1, 0, *range(2, 300))]
    passwords = [item["tls"]["password"] for item in restored(given, stored)]
    assert passwords == [MASK, MASK, *(f"hush-{n}" for n in range(2, 300))]
