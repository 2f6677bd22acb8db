# mypyc: compiled
"""What each policy said about a request, as one text for Envoy's metadata.

Example: `cors/3=passed|client-id-enforcement/7=denied|rate-limiting/9=not_reached`.
"""

from typing import Final

from adapter.authorization.decision_record import SEPARATOR, escaped, unescaped
from adapter.authorization.snapshot_store import SnapshotStore
from adapter.policy.decision import Answered, Decision
from adapter.policy.policy_verdicts import PolicyVerdict, policy_verdicts
from adapter.policy.request.attributes import RequestAttributes

LONGEST: Final = 960
"""The most characters of a text, which is about 25 policies. Envoy logs it with the request."""


class VerdictTexts:
    """Writes the verdicts of decisions that were made with the current snapshot."""

    def __init__(self, snapshots: SnapshotStore) -> None:
        self._snapshots = snapshots

    def of(self, decision: Decision, request: RequestAttributes) -> str:
        """The verdicts; empty if no policy was asked.

        It is also empty if there is another snapshot by now, because a Check had to wait: its
        policies are not those that were asked.
        """
        snapshot, instance = self._snapshots.current, decision.api
        if instance is None or decision.revision != snapshot.revision:
            return ""
        api = snapshot.apis.get(instance.api_id)
        if api is None or isinstance(decision, Answered):
            return ""
        return verdict_text(policy_verdicts(request, api, decision))


def read_verdicts(text: str) -> list[tuple[str, str, str]]:
    """The type and the id of each policy in a text, and what it said; other parts are left out."""
    found = []
    for part in text.split(SEPARATOR):
        counter, equals, said = part.rpartition("=")
        policy_type, slash, policy_id = unescaped(counter).partition("/")
        if equals and slash:
            found.append((policy_type, policy_id, said))
    return found


def verdict_text(verdicts: list[PolicyVerdict]) -> str:
    """The text; a last part such as `+3` counts the policies that it has no room for."""
    parts: list[str] = []
    characters = 0
    for ref, said in verdicts:
        part = f"{escaped(ref.counter)}={said.value}"
        characters += len(part) + 1
        if characters > LONGEST:
            parts.append(f"+{len(verdicts) - len(parts)}")
            break
        parts.append(part)
    return SEPARATOR.join(parts)
