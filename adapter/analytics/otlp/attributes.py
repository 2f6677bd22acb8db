"""The attributes of an event's log record.

Names are those of OpenTelemetry's semantic conventions for HTTP, where there is one. Other names
begin with `policy_adapter.`.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from adapter.analytics.otlp.values import Value

_SAME: Final[Mapping[str, str]] = MappingProxyType(
    {
        "event_id": "log.record.uid",
        "client_ip": "client.address",
        "user_agent": "user_agent.original",
        "request_bytes": "http.request.body.size",
        "response_bytes": "http.response.body.size",
        "transaction_id": "policy_adapter.request_id",
        "api_id": "policy_adapter.api.id",
        "api_name": "policy_adapter.api.name",
        "api_version": "policy_adapter.api.version",
        "client_id": "policy_adapter.client.id",
        "application_name": "policy_adapter.client.name",
        "request_disposition": "policy_adapter.disposition",
        "answered_by": "policy_adapter.answered_by",
        "response_details": "policy_adapter.response_details",
    }
)
"""Members of an event that become an attribute as they are."""
_VIOLATION: Final[Mapping[str, str]] = MappingProxyType(
    {
        "policy_id": "policy_adapter.policy.id",
        "policy_name": "policy_adapter.policy.type",
        "outcome": "policy_adapter.policy.outcome",
    }
)
_DECISION: Final[Mapping[str, str]] = MappingProxyType(
    {
        "id": "policy_adapter.decision.id",
        "revision": "policy_adapter.decision.revision",
        "contract_id": "policy_adapter.contract.id",
        "sla_tier": "policy_adapter.sla_tier",
        "reason": "policy_adapter.reason",
        "detail": "policy_adapter.detail",
    }
)
_UNKNOWN_METHOD: Final = "UNKNOWN"
_OTHER_METHOD: Final = "_OTHER"
"""The conventions' name for a method that is not known."""
_TCP: Final = "TCP"


def attributes(event: Mapping[str, Any]) -> Iterator[tuple[str, Value]]:
    """Names and values; members that are null or empty make none."""
    yield from _renamed(event, _SAME)
    yield from _of_protocol(event)
    yield from _renamed(event["policy_violation"] or {}, _VIOLATION)
    decision = event.get("decision", {})
    yield from _renamed(decision, _DECISION)
    if verdicts := decision.get("verdicts"):
        said = [f"{v['policy_name']} {v['policy_id']}: {v['said']}" for v in verdicts]
        yield "policy_adapter.verdicts", said


def _of_protocol(event: Mapping[str, Any]) -> Iterator[tuple[str, Value]]:
    method = event["verb"]
    if method == _TCP:
        yield "network.transport", "tcp"
        return
    yield "http.request.method", _OTHER_METHOD if method == _UNKNOWN_METHOD else method
    yield "http.response.status_code", event["status_code"]
    if path := event["path"]:
        yield "url.path", path


def _renamed(
    members: Mapping[str, Any], names: Mapping[str, str]
) -> Iterator[tuple[str, str | int]]:
    for member, name in names.items():
        value = members.get(member)
        if value is not None and value != "":
            yield name, value
