"""Prints the steps: what was sent, what was expected, what was seen."""

import sys
import time


class Report:
    """Prints steps as they happen, and counts differences."""

    def __init__(self) -> None:
        self._colour = sys.stdout.isatty()
        self._started = time.monotonic()
        self.differences = 0

    def say(self, text: str) -> None:
        """Print a line about the current action."""
        print(f"[{time.monotonic() - self._started:5.1f}s] {text}", flush=True)

    def step(self, title: str) -> None:
        """Print the title of a new step."""
        print(f"\n{self._paint(title, '1')}", flush=True)

    def compare(self, sent: str, expected: object, seen: object) -> None:
        """Print one observation. It counts as a difference unless both are equal."""
        same = expected == seen
        self.differences += not same
        mark = self._paint("  ok", "32") if same else self._paint("DIFF", "31")
        print(
            f"{mark}  sent      {sent}\n      expected  {expected}\n      seen      {seen}",
            flush=True,
        )

    def _paint(self, text: str, code: str) -> str:
        return f"\033[{code}m{text}\033[0m" if self._colour else text
