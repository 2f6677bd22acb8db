"""The statuses of ApiBindings."""

from typing import Any

from adapter.controller.core.binding import EnvoyKey
from adapter.controller.core.conditions import Outcome, status_of
from adapter.controller.core.decision import Acceptance
from adapter.controller.core.resources import CONFIG_MAP, SERVICE, Key
from tests.rig.api_bindings import binding_faults
from tests.unit.controller.objects import binding

_ACCEPTED = Acceptance(
    "True", "Accepted", "Fine.", "17", frozenset({EnvoyKey("gateway", "shop", "eg")})
)
_REFUSED = Acceptance("False", "Conflicted", "shop/b is older")


def _status(
    acceptance: Acceptance, outcome: Outcome, now: str = "2026-11-28T12:00:00Z", **old: Any
) -> Any:
    _, content = binding("a", "HTTPRoute/orders")
    status = status_of(content | old, acceptance, outcome, "adapter", now)
    assert binding_faults(content | {"status": status}) == []
    return status


def _shown(status: Any) -> list[tuple[str, str, str]]:
    return [(c["type"], c["status"], c["reason"]) for c in status["conditions"]]


def test_all_is_well() -> None:
    """Both conditions, the API, and the generation that they are about."""
    status = _status(_ACCEPTED, Outcome())
    assert _shown(status) == [
        ("Accepted", "True", "Accepted"),
        ("Programmed", "True", "Programmed"),
    ]
    assert (status["apiId"], status["envoys"]) == ("17", ["gateway/shop/eg"])
    assert {c["observedGeneration"] for c in status["conditions"]} == {1}


def test_a_refused_binding_is_not_programmed() -> None:
    """The reason is in the first condition."""
    status = _status(_REFUSED, Outcome())
    assert _shown(status) == [
        ("Accepted", "False", "Conflicted"),
        ("Programmed", "False", "NotAccepted"),
    ]
    assert "apiId" not in status


def test_failures_concern_the_bindings_of_their_namespace() -> None:
    """And those in the adapter's namespace concern all."""
    there, shared = Key(SERVICE, "shop", "x"), Key(CONFIG_MAP, "adapter", "y")
    elsewhere = Key(SERVICE, "other", "z")
    assert _shown(_status(_ACCEPTED, Outcome(failures={elsewhere: "no"})))[1][1] == "True"
    failed = _status(_ACCEPTED, Outcome(failures={there: "no right", shared: "conflict"}))
    assert _shown(failed)[1] == ("Programmed", "False", "NotApplied")
    assert failed["conditions"][1]["message"] == (
        "Service shop/x: no right; ConfigMap adapter/y: conflict"
    )


def test_waiting_for_the_adapter() -> None:
    """Nothing is applied before the adapter knows the APIs."""
    waiting = Outcome(waits_for=("AdapterUpdating", "The objects follow."))
    assert _shown(_status(_ACCEPTED, waiting))[1] == ("Programmed", "False", "AdapterUpdating")


def test_the_time_of_a_condition_is_that_of_its_last_change() -> None:
    """A new reason alone is no change of the status."""
    first = _status(_REFUSED, Outcome())
    later = "2026-11-28T15:00:00Z"
    other = Acceptance("False", "Invalid", "x" * 40_000)
    second = _status(other, Outcome(), later, status=first)
    assert [c["lastTransitionTime"] for c in second["conditions"]] == ["2026-11-28T12:00:00Z"] * 2
    third = _status(_ACCEPTED, Outcome(), later, status=second)
    assert [c["lastTransitionTime"] for c in third["conditions"]] == [later] * 2
