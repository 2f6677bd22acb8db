"""Turning a policy on or off, or removing it: the questions for API instances and environments."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi.responses import Response

from control_plane.pages.again import Again
from control_plane.pages.visit import Visit


@dataclass(frozen=True, slots=True)
class Asked:
    """The policy that a question is about."""

    title: str
    consequences: Sequence[str]
    """What happens without it, as sentences."""
    version: str
    path: str
    """Of the policy's own pages: `path/remove`."""
    cancel: str
    """Where to go without a change."""


def ask_to_enable(visit: Visit, asked: Asked, again: Again) -> Response:
    """Ask whether to turn it on, which is asked only if somebody else has changed it."""
    return _ask(visit, asked, again, "enable", f"Turn {asked.title} on?", "Turn on", ())


def ask_to_disable(visit: Visit, asked: Asked, again: Again) -> Response:
    """Ask whether to turn it off."""
    texts = [*asked.consequences, "It stays in the list and can be turned on again."]
    return _ask(visit, asked, again, "disable", f"Turn {asked.title} off?", "Turn off", texts)


def ask_to_remove(visit: Visit, asked: Asked, again: Again) -> Response:
    """Ask whether to remove it."""
    keep = "Its configuration is lost. To keep it, turn the policy off instead."
    texts = [*asked.consequences, keep]
    return _ask(visit, asked, again, "remove", f"Remove {asked.title}?", "Remove", texts)


def _ask(
    visit: Visit,
    asked: Asked,
    again: Again,
    action: str,
    title: str,
    button: str,
    texts: Sequence[str],
) -> Response:
    return visit.confirm(
        title,
        texts,
        button=button,
        cancel=asked.cancel,
        action=f"{asked.path}/{action}",
        fields={"version": asked.version},
        again=again,
    )
