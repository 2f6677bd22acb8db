"""A mistake in a good configuration."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from tests.unit.doctor.configurations import Parts

Change: TypeAlias = Callable[[Parts], Any]


@dataclass(frozen=True)
class Broken:
    """What is broken, and the code of what the doctor should find."""

    code: str
    change: Change
    more: set[str] = field(default_factory=set)
    """Codes of what the same mistake breaks too."""
    adapter: dict[str, Any] = field(default_factory=dict)
    """What is known of the adapter."""
