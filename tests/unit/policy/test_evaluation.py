"""What policies see of a request that others have edited."""

from adapter.policy.verdicts import Continue, Identity
from tests.unit.policy.gateway import a_request, an_evaluation


def test_header_names_are_those_after_all_edits() -> None:
    """A policy that goes through the headers sees neither removed nor missing ones."""
    evaluation = an_evaluation(a_request({"x-a": "1", "x-b": "2"}))
    evaluation.establish(Continue(remove_headers=("x-a", "x-none"), set_headers=(("x-c", "3"),)))
    assert evaluation.header_names() == ["x-b", "x-c"]
    assert evaluation.header("x-a") is None


def test_a_verified_user_does_not_replace_the_client_application() -> None:
    """Analytics and later policies still see whose contract it is."""
    known = Identity("client-1", "Shop", "7", "gold")
    evaluation = an_evaluation(a_request(), identity=known)
    assert evaluation.identity_of_user("ann") == Identity("client-1", "Shop", "7", "gold", "ann")
    assert an_evaluation(a_request()).identity_of_user("ann") == Identity("", principal="ann")
