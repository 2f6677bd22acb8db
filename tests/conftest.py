"""What holds for all tests."""

from hypothesis import HealthCheck, settings

# How long an example takes depends on the machine, so no time limit is an assertion.
settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")

_LONGEST_ID = 100
"""Characters of a value that may name a test."""


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name a long text by its argument, because it may be random.

    Each process has to find tests of the same names: `make test` runs several.
    """
    return argname if isinstance(val, str | bytes) and len(val) > _LONGEST_ID else None
