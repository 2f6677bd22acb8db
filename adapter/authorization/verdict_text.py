# mypyc: compiled
"""What each policy said about a request, as one text for Envoy's metadata.

Example: `cors/3=passed|client-id-enforcement/7=denied|rate-limiting/9=not_reached`.
"""

from typing import Final

from adapter.authorization.decision_record import SEPARATOR, escaped, unescaped
from adapter.authorization.snapshot_store import SnapshotStore
from adapter.policy.decision import Allowed, Answered, Decision, Denied
from adapter.policy.policy_verdicts import PolicyVerdict, policy_verdicts
from adapter.policy.request.attributes import RequestAttributes
from adapter.policy.snapshot import Api

LONGEST: Final = 960
"""The most characters of a text, which is about 25 policies. Envoy logs it with the request."""

_KEPT: Final = 4_096


class VerdictTexts:
    """Writes the verdicts of decisions that were made with the current snapshot.

    Where no policy has pointcuts, all requests that end at one policy have the same text. It is
    kept until the next snapshot.
    """

    def __init__(self, snapshots: SnapshotStore) -> None:
        self._snapshots = snapshots
        self._kept: dict[tuple[str, int], str] = {}
        """By API, and by the policy that refused."""
        self._revision = -1
        """The revision that the kept texts are of."""

    def of(self, decision: Decision, request: RequestAttributes) -> str:
        """The verdicts; empty if the decision is not that of a policy, or of all of them.

        It is also empty if there is another snapshot by now, because a Check had to wait: its
        policies are not those that were asked.
        """
        snapshot, instance = self._snapshots.current, decision.api
        if isinstance(decision, Answered) or decision.revision != snapshot.revision:
            return ""
        refused_by = decision.policy if isinstance(decision, Denied) else None
        api = None if instance is None else snapshot.apis.get(instance.api_id)
        if api is None or (isinstance(decision, Denied) and refused_by is None):
            return ""
        if self._revision != snapshot.revision or len(self._kept) >= _KEPT:
            self._kept.clear()
            self._revision = snapshot.revision
        # The snapshot keeps the policy's name alive, so no other object has its address.
        key = (api.instance.api_id, 0 if refused_by is None else id(refused_by))
        return self._kept.get(key) or self._write(key, api, decision, request)

    def _write(
        self,
        key: tuple[str, int],
        api: Api,
        decision: Allowed | Denied,
        request: RequestAttributes,
    ) -> str:
        text = verdict_text(policy_verdicts(request, api, decision))
        if not any(rule.pointcuts for rule in api.rules):
            self._kept[key] = text
        return text


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
