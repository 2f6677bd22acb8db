"""Files of the Monitoring Archive: their names, and their text in the documented format."""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Final, NamedTuple

from sqlalchemy import RowMapping

from control_plane.analytics.archive import HOUR_MS, MAX_GROUPS, MEASURES, FileType, groups
from control_plane.analytics.questions import Answers
from control_plane.clock import from_epoch_ms
from control_plane.version import program_version

_TYPES: Final = {
    FileType.SUMMARY: "api_summary_metric",
    FileType.IP: "api_client_ip_metric",
    FileType.PATH: "api_path_metric",
}
_NAMES: Final = {
    "api_version_id": "api_version_id",
    "api_version": "api_version",
    "api_name": "api_name",
    "verb": "method",
    "client_id": "client_id",
    "policy_id": "policy_id",
    "policy_name": "policy_name",
    "client_ip": "remote_host",
    "path_template": "path",
}
"""The format's names of columns that are texts. One that is unknown is left out."""
_EVENTS_IN_LINE: Final = 500


class File(NamedTuple):
    """Which file of the archive."""

    organization_id: str
    environment_id: str
    api_id: int
    file_type: FileType
    start_ms: int

    @property
    def name(self) -> str:
        """Its name, with the hour in UTC."""
        hour = from_epoch_ms(self.start_ms).strftime("%Y-%m-%dT%H.00")
        return f"{self.api_id}.{hour}.part0.txt"

    @property
    def end_ms(self) -> int:
        """When its hour is over."""
        return self.start_ms + HOUR_MS


def text(answers: Answers, file: File) -> str:
    """Its lines of JSON, each for some events of one gateway."""
    found = groups(answers, file.environment_id, file.api_id, file.start_ms, file.file_type)
    limited = len(found) > MAX_GROUPS
    by_host = sorted(found[:MAX_GROUPS], key=_host)
    lines = ((host, part) for host, rows in groupby(by_host, _host) for part in _parts([*rows]))
    return "".join(
        json.dumps(_line(file, host, number, [_event(row) for row in part], limited)) + "\n"
        for number, (host, part) in enumerate(lines)
    )


def _parts(rows: Sequence[RowMapping]) -> Iterator[Sequence[RowMapping]]:
    for first in range(0, len(rows), _EVENTS_IN_LINE):
        yield rows[first : first + _EVENTS_IN_LINE]


def _host(row: Mapping[Any, Any]) -> tuple[str, str]:
    return row["deployment_type"] or "", row["host_id"] or ""


def _line(
    file: File, host: tuple[str, str], number: int, events: list[dict[str, Any]], limited: bool
) -> dict[str, Any]:
    return {
        "format": "v2",
        "time": file.start_ms,
        "type": _TYPES[file.file_type],
        "commons": {
            "deployment_type": host[0],
            "api_id": str(file.api_id),
            "env_id": file.environment_id,
            "org_id": file.organization_id,
            "worker_id": host[1],
        },
        "events": events,
        "metadata": {
            "batch_id": number,
            "aggregated": True,
            "limited": limited,
            "producer_name": "policy-control-plane",
            "producer_version": program_version(),
        },
    }


def _event(row: Mapping[Any, Any]) -> dict[str, Any]:
    processed = row["request_disposition"] == "PROCESSED"
    found = {
        "status_code": str(row["status_code"]),
        "request_disposition": "processed" if processed else "blocked",
    }
    texts = {name: row[column] for column, name in _NAMES.items() if row.get(column) is not None}
    return found | {name: str(value) for name, value in texts.items()} | dict(_measures(row))


def _measures(row: Mapping[Any, Any]) -> Iterator[tuple[str, int]]:
    for measure in MEASURES:
        if row[f"{measure}.count"]:
            for part in ("count", "sum", "min", "max", "sos"):
                yield f"{measure}.{part}", int(row[f"{measure}.{part}"])
