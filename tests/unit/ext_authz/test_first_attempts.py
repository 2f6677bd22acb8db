"""Which attempt of a Check it is."""

from adapter.ext_authz.first_attempts import FirstAttempts


def test_the_second_attempt_is_known() -> None:
    """Envoy sends the same id. A Check without one is never passed on."""
    attempts = FirstAttempts()
    assert [attempts.is_first(check_id) for check_id in ("1", "2", "1", "", "")] == [
        True,
        True,
        False,
        False,
        False,
    ]


def test_the_oldest_is_forgotten() -> None:
    """However many Checks come while nothing is loaded, the memory is bounded."""
    attempts = FirstAttempts(capacity=2)
    for check_id in ("1", "2", "3"):
        assert attempts.is_first(check_id)
    assert not attempts.is_first("3")
    assert not attempts.is_first("2")
    assert attempts.is_first("1")
