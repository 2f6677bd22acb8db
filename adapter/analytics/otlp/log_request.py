"""Makes the body of an export request from events."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)
from opentelemetry.proto.logs.v1.logs_pb2 import (
    SEVERITY_NUMBER_ERROR,
    SEVERITY_NUMBER_INFO,
    SEVERITY_NUMBER_WARN,
    LogRecord,
    ResourceLogs,
    ScopeLogs,
    SeverityNumber,
)

from adapter.analytics.otlp.attributes import attributes
from adapter.analytics.otlp.values import Sender, any_value, pairs
from adapter.analytics.upload_body import gzipped
from adapter.runtime.fairness import in_slices

EVENT_NAME: Final = "policy_adapter.request"
SCOPE: Final = "policy_adapter.analytics"

_SLICE: Final = 2
"""Events to translate at once: 30 us each, so as long as a few Checks (measured)."""
_EPOCH: Final = datetime.fromtimestamp(0, UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)


class LogRequests:
    """Encodes batches of events as requests of this process."""

    def __init__(self, version: str, resource: Mapping[str, str]) -> None:
        self._sender = Sender(SCOPE, version, resource)

    async def encode(self, events: Sequence[bytes]) -> bytes:
        """A compressed `ExportLogsServiceRequest`; Checks run between slices of the events."""
        logs = ScopeLogs(scope=self._sender.scope)
        async for some in in_slices(events, _SLICE):
            logs.log_records.extend(map(log_record, some))
        request = ExportLogsServiceRequest(
            resource_logs=[ResourceLogs(resource=self._sender.resource, scope_logs=[logs])]
        )
        return await gzipped(request.SerializeToString())


def log_record(event: bytes) -> LogRecord:
    """The log record of one event."""
    members = json.loads(event)
    received, replied = _ms(members["received_ts"]), _ms(members["replied_ts"])
    severity, severity_text = _severity(members)
    return LogRecord(
        time_unix_nano=received * 1_000_000,
        observed_time_unix_nano=replied * 1_000_000,
        severity_number=severity,
        severity_text=severity_text,
        event_name=EVENT_NAME,
        body=any_value(f"{members['verb']} {members['path']} {members['status_code']}"),
        attributes=pairs(
            (*attributes(members), ("policy_adapter.response_ms", replied - received))
        ),
    )


def refused_records(body: bytes) -> int:
    """How many records of an accepted request the collector refused; raises DecodeError."""
    return ExportLogsServiceResponse.FromString(body).partial_success.rejected_log_records


def _severity(event: Mapping[str, Any]) -> "tuple[SeverityNumber.ValueType, str]":
    if event["status_code"] >= 500:
        return SEVERITY_NUMBER_ERROR, "ERROR"
    if event["request_disposition"] == "BLOCKED":
        return SEVERITY_NUMBER_WARN, "WARN"
    return SEVERITY_NUMBER_INFO, "INFO"


def _ms(text: str) -> int:
    return (datetime.fromisoformat(text) - _EPOCH) // _MILLISECOND
