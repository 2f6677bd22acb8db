# mypyc: compiled
"""What is remembered of a decision: it travels in Envoy's dynamic metadata into the access log.

So one log entry alone makes a complete analytics event, whichever process receives it. All values
are strings, because numbers in Envoy's metadata are doubles; and they are few, because Envoy works
for each field of each request: what every decision tells stands in two fields, its parts between
`|`, with `%25` and `%7C` for these two characters inside a part (RFC 3986, 2.1). Refusals have a
field for each thing that they tell besides.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from adapter.policy.decision import Answered, Decision, Denied
from adapter.policy.verdicts import Identity

_ANONYMOUS = Identity(client_id="")

API: Final = "api"
"""The field with the API's id, name and version, and the revision of the snapshot that decided."""
CALLER: Final = "caller"
"""The field with the client's id and name, the contract's id, and its SLA tier."""
SEPARATOR: Final = "|"
_FIELDS: Final = {
    API: ("api_id", "api_name", "api_version", "revision"),
    CALLER: ("client_id", "client_name", "contract_id", "sla_tier"),
}
_OWN_FIELDS: Final = ("reason", "status", "detail", "policy_id", "policy_type")

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
    status: str = ""
    """The HTTP status of a denial or an answer: to gRPC clients, Envoy sends 200 instead."""
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
            status=_status(decision),
            detail=denied.deny.detail if denied else "",
            policy_id=policy.policy_id if policy else "",
            policy_type=policy.policy_type if policy else "",
            revision=str(decision.revision),
        )

    def to_metadata(self, longest: int | None = None) -> dict[str, str]:
        """The fields that say something; of a part, at most `longest` characters."""
        said = {name: value[:longest] for name, value in self._asdict().items()}
        packed = {
            field: SEPARATOR.join(escaped(said[name]) for name in names)
            for field, names in _FIELDS.items()
            if any(said[name] for name in names)
        }
        return packed | {name: said[name] for name in _OWN_FIELDS if said[name]}

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str]) -> "DecisionRecord":
        """Read back what `to_metadata` wrote; keys of others are passed over."""
        said = {name: metadata[name] for name in _OWN_FIELDS if name in metadata}
        for field, names in _FIELDS.items():
            parts = map(_unescaped, metadata.get(field, "").split(SEPARATOR))
            said |= dict(zip(names, parts, strict=False))
        return cls(**said)


def _status(decision: Decision) -> str:
    if isinstance(decision, Denied):
        return str(decision.deny.status_sent)
    return str(decision.response.status_sent) if isinstance(decision, Answered) else ""


def escaped(part: str) -> str:
    """A part of a field, as it may stand between separators."""
    return part.replace("%", "%25").replace(SEPARATOR, "%7C")


def _unescaped(part: str) -> str:
    return part.replace("%7C", SEPARATOR).replace("%25", "%")
