"""`/denials`: the last requests that were refused, and why. For operators; without secrets."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final

from adapter.authorization.denial_log import DenialLog, RecordedDenial
from adapter.operations.routes import Question, QuestionError, Reply, Route, json_reply

_LONGEST_DETAIL: Final = 1000
_FILTERS: Final = ("api", "client", "id")
DENIAL_PARAMETERS: Final = (*_FILTERS, "limit")
_DEFAULT: Final = 100
_MOST_DIGITS: Final = 6


def denial_route(denials: DenialLog) -> Route:
    """`/denials?api=&client=&id=&limit=`: the newest first. `client` is an id or a name."""

    def answer(question: Question) -> Reply:
        found = _matching(map(_shown, denials.newest_first), question)
        items = list(islice(found, denial_limit(question)))
        return json_reply({"total": denials.total, "kept": denials.capacity, "items": items})

    return Route("/denials", answer, parameters=DENIAL_PARAMETERS)


def _matching(items: Iterable[dict[str, Any]], question: Question) -> Iterable[dict[str, Any]]:
    wanted = {name: question.query[name] for name in _FILTERS if name in question.query}
    for item in items:
        told = {
            "api": (item["api_id"], item["api_name"]),
            "client": (item["client_id"], item["client_name"]),
            "id": (item["id"],),
        }
        if all(value in told[name] for name, value in wanted.items()):
            yield item


def denial_limit(question: Question) -> int:
    """How many denials to show; raises QuestionError."""
    text = question.query.get("limit", str(_DEFAULT))
    if not text.isdecimal() or len(text) > _MOST_DIGITS:
        raise QuestionError(f"limit must be a whole number, not {text[:20]!r}", 400)
    return int(text)


def _shown(recorded: RecordedDenial) -> dict[str, Any]:
    denied = recorded.denied
    deny, api, policy, client = denied.deny, denied.api, denied.policy, denied.identity
    return {
        "id": recorded.decision_id,
        "time": datetime.fromtimestamp(recorded.at, UTC).isoformat(timespec="milliseconds"),
        "api_id": printable(recorded.api_id),
        "api_name": printable(api.name) if api else "",
        "method": printable(recorded.method),
        "path": printable(recorded.path),
        "client_id": printable(client.client_id) if client else "",
        "client_name": printable(client.client_name) if client else "",
        "policy_type": policy.policy_type if policy else "",
        "policy_id": policy.policy_id if policy else "",
        "status": deny.status_sent,
        "reason": deny.reason.value,
        "detail": printable(deny.detail[:_LONGEST_DETAIL]),
        "revision": denied.revision,
        "address": printable(recorded.address),
    }


def printable(text: str) -> str:
    r"""The text with control characters escaped, so that it cannot change a terminal.

    Example: a path with an escape sequence becomes `/a\u001b[2J`.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text)
