# mypyc: compiled
"""Picks the allowed requests whose decision gets an id, as every denial does."""

import math
import random
from collections.abc import Callable
from typing import Final

from mypy_extensions import i64

from adapter.authorization.decision_ids import DecisionIds
from adapter.runtime.clock import Clock

_NEVER: Final = 1 << 62


class DecisionSample:
    """Picks a share of the requests at random, at the price of counting down.

    It draws how many requests to leave out before the next one. So the choice depends neither on
    the request nor on a rhythm of the traffic.
    """

    def __init__(
        self, clock: Clock, share: float, draw: Callable[[], float] = random.random
    ) -> None:
        self._clock = clock
        self._share = share
        self._draw = draw
        self._ids = DecisionIds()
        self._left: i64 = self._gap()

    def pick(self) -> str:
        """The id of the decision on this request; empty if it is not picked."""
        self._left -= 1
        if self._left > 0:
            return ""
        self._left = self._gap()
        return self._ids.new(self._clock.now())

    def _gap(self) -> int:
        """After how many requests the next one is picked (the geometric distribution)."""
        if self._share <= 0:
            return _NEVER
        if self._share >= 1:
            return 1
        left_out = math.log1p(-self._draw()) / math.log1p(-self._share)
        return 1 + int(min(left_out, _NEVER))
