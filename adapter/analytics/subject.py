# mypyc: compiled
"""The subject of an event: which API and which client application, and what the adapter decided.

All requests of one client application to one API with the same outcome have the same subject. So
its part of an event is written once and kept.
"""

from json.encoder import encode_basestring_ascii as quoted
from typing import Final

from mypy_extensions import mypyc_attr

from adapter.analytics.bounded_memo import BoundedMemo
from adapter.authorization.decision_record import ANSWERED, DecisionRecord
from adapter.authorization.verdict_text import read_verdicts
from adapter.messages import access_log_pb2 as pb
from adapter.policy.verdicts import DenyReason

_MAX_INTEGER_DIGITS: Final = 18
_STATUS_DIGITS: Final = 3
_KEPT_SUBJECTS: Final = 4096
_LONGEST_KEPT: Final = 4096
"""The longest record, in bytes, whose subject is kept. Records that we write are shorter."""

_POLICY_FAILURES: Final = frozenset(
    {DenyReason.EXPRESSION_FAILED, DenyReason.ADDRESS_UNKNOWN, DenyReason.CONTRACT_CLOSED}
)
"""Denials that are not the client's fault: the policy could not judge the request."""


@mypyc_attr(acyclic=True)
class Subject:
    """A decision's record, and the members of an event that follow from it, as JSON."""

    __slots__ = ("_decision", "blocked", "processed", "record", "status")

    def __init__(self, record: DecisionRecord, processed: str, blocked: str) -> None:
        self.record = record
        """Which API, which client application, and what the adapter decided."""
        self.processed = processed
        """The members if Envoy allowed the request, which includes denials in shadow mode."""
        self.blocked = blocked
        """The members if Envoy refused the request because of the adapter's answer."""
        status = record.status
        self.status = int(status) if len(status) == _STATUS_DIGITS and status.isdecimal() else 0
        """The HTTP status that the adapter refused the request with; 0 if the record has none."""
        self._decision = ""

    @property
    def decision(self) -> str:
        """The members of an event's `decision`, without its id. Few subjects are asked for them."""
        if not self._decision:
            self._decision = _decision_json(self.record)
        return self._decision


class Subjects:
    """Reads the records of decisions into subjects, and keeps the subjects."""

    def __init__(self) -> None:
        self._kept = BoundedMemo(_read_subject, _KEPT_SUBJECTS)

    def of(self, record: bytes) -> Subject:
        """The subject of an entry's record; see `Entry.record`."""
        return self._kept[record] if len(record) <= _LONGEST_KEPT else _read_subject(record)


def subject_of(record: DecisionRecord) -> Subject:
    """Write the members of an event that follow from the record."""
    processed = _members(record, "PROCESSED")
    # Envoy flags every answer of the adapter as unauthorized, even one to a CORS preflight.
    blocked = processed if record.reason == ANSWERED else _members(record, "BLOCKED")
    return Subject(record, processed, blocked)


def _read_subject(fields: bytes) -> Subject:
    read = pb.Fields.FromString(fields)
    names = [key.decode() for key in read.key]
    values = [value.string_value.decode(errors="replace") for value in read.value]
    return subject_of(DecisionRecord.from_metadata(dict(zip(names, values, strict=True))))


def _members(record: DecisionRecord, disposition: str) -> str:
    api_id = _id_json(record.api_id)
    return (
        f'"api_id":{api_id},"api_version_id":{api_id},"api_name":{quoted(record.api_name)},'
        f'"api_version":{quoted(record.api_version)},'
        f'"client_id":{quoted(record.client_id) if record.client_id else "null"},'
        f'"application_name":{quoted(record.client_name) if record.client_name else "null"},'
        f'"request_disposition":"{disposition}",'
        f'"policy_violation":{_violation_json(record)}'
    )


def _violation_json(record: DecisionRecord) -> str:
    if not record.policy_id:
        return "null"
    outcome = "ERROR" if record.reason in _POLICY_FAILURES else "VIOLATION"
    return (
        f'{{"policy_id":{quoted(record.policy_id)},"policy_name":{quoted(record.policy_type)},'
        f'"outcome":"{outcome}"}}'
    )


def _decision_json(record: DecisionRecord) -> str:
    said = {
        "revision": record.revision,
        "contract_id": record.contract_id,
        "sla_tier": record.sla_tier,
        "reason": record.reason,
        "detail": record.detail,
    }
    members = [f'"{name}":{quoted(value)}' for name, value in said.items() if value]
    verdicts = ",".join(map(_verdict_json, read_verdicts(record.verdicts)))
    return ",".join([*members, f'"verdicts":[{verdicts}]'])


def _verdict_json(verdict: tuple[str, str, str]) -> str:
    policy_type, policy_id, said = map(quoted, verdict)
    return f'{{"policy_name":{policy_type},"policy_id":{policy_id},"said":{said}}}'


def _id_json(text: str) -> str:
    """A number if the platform numbers its APIs. JSON readers hold 18 digits in 64 bits."""
    is_number = text.isascii() and text.isdecimal() and len(text) <= _MAX_INTEGER_DIGITS
    return text if is_number and (text[0] != "0" or text == "0") else quoted(text)
