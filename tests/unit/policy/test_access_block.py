"""access-block, as its page in docs/policies says."""

from adapter.policy.catalog import Pointcut
from adapter.policy.verdicts import DenyReason
from tests.builders import applied
from tests.unit.policy.gateway import Gateway, a_request

BLOCKED = (DenyReason.ACCESS_BLOCKED, 403)


def test_nobody_gets_in() -> None:
    """An admin can close an API without taking it down."""
    Gateway(applied("access-block")).denies(a_request(), *BLOCKED)


def test_a_part_of_an_api_can_be_blocked() -> None:
    """The rest of it stays open."""
    gateway = Gateway(applied("access-block", pointcuts=(Pointcut("DELETE|PUT", "/admin/.*"),)))
    gateway.denies(a_request(path="/admin/x", method="DELETE"), *BLOCKED)
    gateway.allows(a_request(path="/admin/x"))
    gateway.allows(a_request(path="/x", method="DELETE"))


def test_there_is_nothing_to_configure() -> None:
    """A key that asks for something is not silently left out."""
    (fault,) = Gateway(applied("access-block", {"except": "me"})).api.faults
    assert "except: this setting is not supported" in fault
