"""Giving policies another order: what the form wants, and what if somebody else gave another."""

from collections.abc import Sequence

from fastapi.responses import Response

from control_plane.errors import Invalid
from control_plane.management import policy_chains
from control_plane.management.policy_chains import AnyPolicy
from control_plane.pages.forms import Posted
from control_plane.pages.policies import draft
from control_plane.pages.visit import Visit


def wanted_order(form: Posted) -> list[int]:
    """The ids of the policies in the order that is wanted; raise Invalid for anything else.

    The form has all of them in `order`, and maybe one step such as `12 up` in `move`.
    """
    return _moved(_ids(form.fields.get("order", [])), form.text("move"))


def _ids(values: Sequence[str]) -> list[int]:
    if not all(value.isascii() and value.isdigit() and len(value) < 20 for value in values):
        raise Invalid("order: numbers of policies are missing; open the page again")
    return [int(value) for value in values]


def _moved(order: list[int], move: str) -> list[int]:
    """The order after a step such as `12 up`."""
    number, _, direction = move.partition(" ")
    if direction not in ("up", "down") or number not in map(str, order):
        return order
    place = order.index(int(number))
    other = place + (1 if direction == "down" else -1)
    if 0 <= other < len(order):
        order[place], order[other] = order[other], order[place]
    return order


def compared_orders(
    visit: Visit, form: Posted, present: Sequence[AnyPolicy], wanted: Sequence[int], *, cancel: str
) -> Response:
    """Both orders, after somebody else has changed the one that the form shows.

    Policies that were added meanwhile come last in ours; removed ones are gone.
    """
    names = {each.id: f"{draft.title_of(each.asset_id)} ({each.id})" for each in present}
    mine = [key for key in wanted if key in names]
    mine += [key for key in names if key not in mine]
    again = Posted({"order": list(map(str, mine)), "version": [form.text("version")]})
    return visit.stale(
        again,
        {"order": "Order"},
        {"order": "\n".join(names.values())},
        policy_chains.order_version(present),
        cancel=cancel,
        yours={"order": "\n".join(names[key] for key in mine)},
    )
