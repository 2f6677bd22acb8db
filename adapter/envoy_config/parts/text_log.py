"""Envoy's own access log: one JSON object per line, with what the adapter decided and why."""

from typing import Final

from adapter.envoy_config.parts.tree import Tree, typed

_FORMAT: Final = {
    "time": "%START_TIME%",
    "method": "%REQ(:METHOD)%",
    "path": "%PATH(NQ)%",
    "host": "%REQ(:AUTHORITY)%",
    "status": "%RESPONSE_CODE%",
    "flags": "%RESPONSE_FLAGS%",
    "duration_ms": "%DURATION%",
    "client": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
    **{
        name: f"%DYNAMIC_METADATA(envoy.filters.http.ext_authz:{name})%"
        for name in (
            "api",
            "caller",
            "reason",
            "detail",
            "policy_type",
            "policy_id",
            "decision_id",
        )
    },
}
"""The path is without its query, which may contain secrets. What does not exist is null or left
out, depending on Envoy's version."""


def text_log(path: str) -> Tree:
    """The access logger that writes to this file, such as `/dev/stdout`."""
    log_format = {"json_format": _FORMAT, "omit_empty_values": True}
    return {
        "name": "envoy.access_loggers.file",
        "typed_config": typed(
            "access_loggers.file.v3.FileAccessLog", {"path": path, "log_format": log_format}
        ),
    }
