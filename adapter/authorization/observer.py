# mypyc: compiled
"""What is decided, for those who count it."""

from mypy_extensions import mypyc_attr

from adapter.policy.decision import Decision


@mypyc_attr(allow_interpreted_subclasses=True)
class DecisionObserver:
    """Base class of observers; its method does nothing. It must neither block nor raise."""

    def decided(self, decision: Decision, elapsed_s: float) -> None:
        """A Check was answered with the decision after that many seconds."""
