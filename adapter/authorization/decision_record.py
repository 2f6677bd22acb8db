# mypyc: compiled
"""The record of a decision, which Envoy carries in its dynamic metadata to the access log.

Thanks to it, one log entry makes a complete analytics event, in whichever process it arrives. All
values are strings, because numbers in Envoy's metadata are doubles. There are few fields, because
each costs Envoy work in every request: what every decision has is in two fields, joined by `|`. In
a part, `%25` stands for `%` and `%7C` for `|` (RFC 3986, 2.1). Denials, direct responses and
sampled requests have further fields.

Example: `{"api": "7|orders|v1|3", "caller": "c1|App|k1|gold"}`.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from adapter.policy.decision import Answered, Decision, Denied
from adapter.policy.verdicts import Identity

_ANONYMOUS = Identity(client_id="")

API: Final = "api"
"""The field with the API's id, name and version, and the revision of the snapshot."""
CALLER: Final = "caller"
"""The field with the client's id and name, the contract's id, and its SLA tier."""
SEPARATOR: Final = "|"
_FIELDS: Final = {
    API: ("api_id", "api_name", "api_version", "revision"),
    CALLER: ("client_id", "client_name", "contract_id", "sla_tier"),
}
_OWN_FIELDS: Final = (
    *("reason", "status", "detail", "policy_id", "policy_type"),
    *("decision_id", "verdicts"),
)

ANSWERED: Final = "answered"
"""The reason of a direct response (a CORS preflight)."""


class DecisionRecord(NamedTuple):
    """Who asked for what, and the decision. Empty text stands for nothing."""

    api_id: str = ""
    api_name: str = ""
    api_version: str = ""
    client_id: str = ""
    client_name: str = ""
    contract_id: str = ""
    sla_tier: str = ""
    reason: str = ""
    """The `DenyReason`, or `ANSWERED`; empty if allowed."""
    status: str = ""
    """The HTTP status of a denial or a direct response. gRPC clients get 200 from Envoy instead."""
    detail: str = ""
    policy_id: str = ""
    policy_type: str = ""
    revision: str = ""
    decision_id: str = ""
    """The id of a denial, or of a decision in the sample: see `decision_ids`."""
    verdicts: str = ""
    """What each policy said, if the decision has an id: see `verdict_text`."""

    @classmethod
    def of(cls, decision: Decision, decision_id: str = "", verdicts: str = "") -> "DecisionRecord":
        """The record of that decision."""
        api, who = decision.api, decision.identity or _ANONYMOUS
        denied = decision if isinstance(decision, Denied) else None
        policy = denied.policy if denied else None
        reason = denied.deny.reason if denied else ""
        return cls(
            api_id=api.api_id if api else "",
            api_name=api.name if api else "",
            api_version=api.version if api else "",
            client_id=who.client_id,
            client_name=who.client_name,
            contract_id=who.contract_id,
            sla_tier=who.sla_tier,
            reason=ANSWERED if isinstance(decision, Answered) else reason,
            status=_status(decision),
            detail=denied.deny.detail if denied else "",
            policy_id=policy.policy_id if policy else "",
            policy_type=policy.policy_type if policy else "",
            revision=str(decision.revision),
            decision_id=decision_id,
            verdicts=verdicts,
        )

    def to_metadata(self, longest: int | None = None) -> dict[str, str]:
        """The fields that are not empty; each part is cut off after `longest` characters."""
        said = {name: value[:longest] for name, value in self._asdict().items()}
        packed = {
            field: SEPARATOR.join(escaped(said[name]) for name in names)
            for field, names in _FIELDS.items()
            if any(said[name] for name in names)
        }
        return packed | {name: said[name] for name in _OWN_FIELDS if said[name]}

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str]) -> "DecisionRecord":
        """Read what `to_metadata` wrote; other keys are ignored."""
        said = {name: metadata[name] for name in _OWN_FIELDS if name in metadata}
        for field, names in _FIELDS.items():
            parts = map(unescaped, metadata.get(field, "").split(SEPARATOR))
            said |= dict(zip(names, parts, strict=False))
        return cls(**said)


def _status(decision: Decision) -> str:
    if isinstance(decision, Denied):
        return str(decision.deny.status_sent)
    return str(decision.response.status_sent) if isinstance(decision, Answered) else ""


def escaped(part: str) -> str:
    """A part, escaped so that it can stand between separators."""
    return part.replace("%", "%25").replace(SEPARATOR, "%7C")


def unescaped(part: str) -> str:
    """The part that was escaped."""
    return part.replace("%7C", SEPARATOR).replace("%25", "%")
