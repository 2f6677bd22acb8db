"""Notices: what people are told, as JSON for webhooks and as text for mail.

A notice has names and numbers only. No path, query or secret of a request is in it.
"""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from control_plane.alerts.alerts import rule_of
from control_plane.alerts.rules import Event, Kind, Standing
from control_plane.alerts.words import condition, unit_of, value_text
from control_plane.clock import iso
from control_plane.store.tables import Alert

Document = dict[str, Any]

_MAX_SUBJECT: Final = 200
_SAID: Final[Mapping[str, str]] = {
    Event.TRIGGERED: "is triggered",
    Event.REPEATED: "is still triggered",
    Event.RECOVERED: "has recovered",
    Event.TEST: "was tested; this is no alarm",
}


def document_of(
    alert: Alert,
    environment_name: str,
    event: Event,
    standing: Standing,
    at: datetime,
    detail: str = "",
) -> Document:
    """The notice. `standing.triggered_at` says since when the condition held."""
    api = alert.api
    kind = Kind(alert.kind)
    return {
        "id": str(uuid.uuid4()),
        "event": event.value,
        "at": iso(at),
        "alert": {
            "id": alert.uid,
            "name": alert.name,
            "severity": alert.severity,
            "type": alert.kind,
        },
        "organizationId": alert.organization_id,
        "environment": {"id": alert.environment_id, "name": environment_name},
        "api": None if api is None else {"id": api.id, "name": api.asset.asset_id},
        "condition": condition(rule_of(alert)),
        "value": standing.value,
        "threshold": alert.threshold,
        "unit": unit_of(kind),
        "since": iso(standing.triggered_at),
        "detail": detail,
        "link": f"/environments/{alert.environment_id}/alerts/{alert.id}",
    }


def with_links(document: Document, console_url: str) -> Document:
    """The notice with the whole address of the console's page."""
    return document | {"link": f"{console_url}{document['link']}"}


def subject_of(document: Document) -> str:
    """The subject of a mail, in one line."""
    alert = document["alert"]
    text = f"[{alert['severity']}] {alert['name']} {_SAID[document['event']]}"
    return " ".join(text.split())[:_MAX_SUBJECT]


def text_of(document: Document) -> str:
    """The text of a mail."""
    api, kind = document["api"], Kind(document["alert"]["type"])
    lines = {
        "Alert": f"{document['alert']['name']} {_SAID[document['event']]}.",
        "Environment": document["environment"]["name"],
        "API": "all" if api is None else f"{api['name']} (API instance {api['id']})",
        "Condition": document["condition"],
        "Measured": value_in(document) or "nothing",
        "Threshold": value_text(kind, document["threshold"]),
        "Since": document["since"],
        "Details": document["detail"],
        "At": document["at"],
        "Page": document["link"],
    }
    return "".join(f"{label}: {text}\n" for label, text in lines.items() if text)


def value_in(document: Document) -> str:
    """The measured value with its unit; empty if there is none."""
    value = document["value"]
    return "" if value is None else value_text(Kind(document["alert"]["type"]), value)
