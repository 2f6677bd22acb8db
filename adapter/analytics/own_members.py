# mypyc: compiled
"""Members of an event that are not in the platform's published form.

Only our control plane gets them. They say who answered the request and, of decisions with an id,
what each policy said.
"""

from json.encoder import encode_basestring_ascii as quoted
from typing import Final

from adapter.analytics.client_text import text
from adapter.analytics.entry.entry import Entry
from adapter.analytics.subject import Subject
from adapter.authorization.decision_record import ANSWERED

DETAILS_CHARACTERS: Final = 200
DECISION_ID_CHARACTERS: Final = 64

_BY_UPSTREAM: Final = '"answered_by":"upstream",'
_BY_POLICY: Final = '"answered_by":"policy",'
_BY_ADAPTER: Final = '"answered_by":"adapter",'

_VIA_UPSTREAM: Final = b"via_upstream"
"""Envoy's `response_code_details` of a response that came whole from the upstream."""
_CUT_OFF: Final = b"upstream_reset_after_response_started"


def own_members(entry: Entry, subject: Subject) -> str:
    """The members as JSON, each with a comma behind it."""
    record = subject.record
    members = _answered_by(entry, subject)
    if record.verdicts or record.reason:
        decision_id = text(entry.decision_id, DECISION_ID_CHARACTERS)
        if decision_id:
            members += f'"decision":{{"id":{quoted(decision_id)},{subject.decision}}},'
    return members


def _answered_by(entry: Entry, subject: Subject) -> str:
    record = subject.record
    if entry.refused and record.reason:
        return _BY_POLICY if record.policy_id or record.reason == ANSWERED else _BY_ADAPTER
    details = entry.response_code_details
    if details == _VIA_UPSTREAM:
        return _BY_UPSTREAM
    if not details:
        return ""
    who = "upstream" if details.startswith(_CUT_OFF) else "envoy"
    why = quoted(text(details, DETAILS_CHARACTERS))
    return f'"answered_by":"{who}","response_details":{why},'
