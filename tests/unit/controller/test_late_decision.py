"""Objects of a decision that is no longer the newest one open nothing."""

from typing import Any

import pytest

from adapter.controller.core.decision import Decision
from adapter.controller.core.late_decision import without_opening
from tests.unit.controller.objects import binding, decided, service

_PORTS = [{"name": "http", "port": 80}, {"name": "admin", "port": 8081}]


def _bound(*targets: str) -> Decision:
    bindings = [binding(f"b{number}", target) for number, target in enumerate(targets)]
    return decided("istio", service("o", ports=_PORTS), *bindings)


@pytest.mark.parametrize(
    ("older", "newer", "rules"),
    [
        (("Service/o#http",), (), [{"to": [{"operation": {"ports": ["80"]}}]}]),
        (
            ("Service/o#http",),
            ("Service/o#http", "Service/o#admin"),
            [{"to": [{"operation": {"ports": ["80", "8081"]}}]}],
        ),
        (("Service/o#http",), ("Service/o",), [{}]),
        (("Service/o",), ("Service/o#http",), [{}]),
    ],
)
def test_ports_that_the_newer_decision_protects_are_checked(
    older: tuple[str, ...], newer: tuple[str, ...], rules: Any
) -> None:
    """Those of both are."""
    late = without_opening(_bound(*older), _bound(*newer))
    (policy,) = [c for c in late.objects.values() if c["kind"] == "AuthorizationPolicy"]
    assert policy["spec"]["rules"] == rules
    assert ("shop" in late.kept_namespaces) == bool(newer)
