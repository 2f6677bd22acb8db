"""What holds for all tests."""

from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes depends on the machine, so no time limit is an assertion.
settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")

_LONGEST_ID = 100
"""Characters of a value that may name a test."""

_NOT_COUNTED = [Path(__file__).parent / folder for folder in ("browser", "deploy", "e2e", "fuzz")]
"""Folders that coverage leaves out: tests of smaller parts reach the same lines.

Tracing costs half as much CPU time again as the tests themselves.
"""
_SECOND_DATABASE = "postgresql"
"""Tests with this parameter run with SQLite, too, and reach nearly the same lines."""


def pytest_collection_modifyitems(items: Iterable[pytest.Item]) -> None:
    """Trace no tests that coverage leaves out."""
    for item in items:
        is_second = _SECOND_DATABASE in item.name.partition("[")[2]
        if is_second or any(folder in item.path.parents for folder in _NOT_COUNTED):
            item.add_marker(pytest.mark.no_cover)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name a long text by its argument, because it may be random.

    Each process has to find tests of the same names: `make test` runs several.
    """
    return argname if isinstance(val, str | bytes) and len(val) > _LONGEST_ID else None
