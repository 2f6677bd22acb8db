# mypyc: compiled
"""How often the pointcuts of one API matched, for operators who ask what a pattern covers.

This is the only thing in a snapshot that Checks change. It is safe, because it changes no result,
and because only the event loop's thread counts. Only policies with pointcuts are counted.
"""

from collections.abc import Sequence
from typing import Final

from adapter.policy.compile import CompiledPolicy

_NO_POINTCUTS: Final[list[int]] = []
"""Shared by all policies without pointcuts; nothing ever changes it."""


class MatchCounts:
    """Counts, for each policy and each of its pointcuts. The first pointcut that matches counts."""

    __slots__ = ("_counts",)

    def __init__(self, policies: Sequence[CompiledPolicy]) -> None:
        self._counts = [
            [0] * len(policy.rule.pointcuts) if policy.rule.pointcuts else _NO_POINTCUTS
            for policy in policies
        ]

    def add(self, policy: int, pointcut: int) -> None:
        """Count a request in that pointcut of that policy, both by their position."""
        self._counts[policy][pointcut] += 1

    def of(self, policy: int) -> tuple[int, ...]:
        """How often each pointcut of the policy at that position matched."""
        return tuple(self._counts[policy])

    def continue_from(
        self,
        before: "MatchCounts",
        policies_before: Sequence[CompiledPolicy],
        policies: Sequence[CompiledPolicy],
    ) -> None:
        """Go on counting where the same policy has the same pointcuts as before."""
        known = {
            (policy.ref, policy.pointcuts): counts
            for policy, counts in zip(policies_before, before._counts, strict=True)  # noqa: SLF001
            if counts
        }
        if not known:
            return
        for position, policy in enumerate(policies):
            counts = known.get((policy.ref, policy.pointcuts))
            if counts is not None and len(counts) == len(self._counts[position]):
                self._counts[position] = counts
