"""What a check found."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Findings:
    """Lines for operators. Each names a setting, what is wrong with it, and the fix."""

    faults: list[str] = field(default_factory=list)
    """Why the adapter cannot start, or cannot do what the settings say."""
    notes: list[str] = field(default_factory=list)
    """What should be looked at, although the adapter starts."""
