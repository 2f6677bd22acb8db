"""What is remembered of a decision: it travels in Envoy's dynamic metadata into the access log.

So one log entry alone makes a complete analytics event, whichever process receives it. All values
are strings, because numbers in Envoy's metadata are doubles.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from adapter.policy.decision import Answered, Decision, Denied, Identity

_ANONYMOUS = Identity(client_id="")

ANSWERED: Final = "answered"
"""The reason where the adapter answered by itself and nothing was wrong (a CORS preflight)."""


class DecisionRecord(NamedTuple):
    """Who asked for what, and what we said; empty text where there is nothing to say."""

    api_id: str = ""
    api_name: str = ""
    api_version: str = ""
    client_id: str = ""
    client_name: str = ""
    contract_id: str = ""
    sla_tier: str = ""
    reason: str = ""
    """The `DenyReason`, or `ANSWERED`; empty when allowed."""
    detail: str = ""
    policy_id: str = ""
    policy_type: str = ""
    revision: str = ""

    @classmethod
    def of(cls, decision: Decision) -> "DecisionRecord":
        """What to remember of that decision."""
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
            detail=denied.deny.detail if denied else "",
            policy_id=policy.policy_id if policy else "",
            policy_type=policy.policy_type if policy else "",
            revision=str(decision.revision),
        )

    def to_metadata(self) -> dict[str, str]:
        """The fields that say something."""
        return {name: value for name, value in self._asdict().items() if value}

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str]) -> "DecisionRecord":
        """Read back what `to_metadata` wrote; keys of others are passed over."""
        return cls(**{name: metadata[name] for name in cls._fields if name in metadata})
