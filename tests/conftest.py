"""Names of parametrized tests."""

_LONGEST = 100
"""Characters of a value that may name a test."""


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name a long text by its argument, because it may be random.

    Each process has to find tests of the same names: `make test` runs several.
    """
    return argname if isinstance(val, str | bytes) and len(val) > _LONGEST else None
