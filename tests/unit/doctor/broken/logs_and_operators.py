"""Access logs, format strings, and the admin interface."""

from typing import Any

from tests.unit.doctor.broken.mistake import Broken
from tests.unit.doctor.configurations import EXTENSIONS, Parts


def metadata(service: dict[str, Any], value: str, key: str = "x-more") -> None:
    """Send one more piece of metadata."""
    service.setdefault("initial_metadata", []).append({"key": key, "value": value})


def logger(parts: Parts, text: str) -> None:
    """Add a text log with this format."""
    parts.manager["access_log"].append(
        {
            "name": "text",
            "typed_config": {
                "@type": f"{EXTENSIONS}access_loggers.file.v3.FileAccessLog",
                "log_format": {"text_format_source": {"inline_string": text}},
            },
        }
    )


def log_metadata(parts: Parts, value: str) -> None:
    """Let the access logger send this."""
    metadata(parts.logger["common_config"]["grpc_service"], value)


def wide_open() -> dict[str, Any]:
    """An admin interface for everyone."""
    return {"address": {"socket_address": {"address": "0.0.0.0", "port_value": 9901}}}


def elsewhere(parts: Parts) -> None:
    """The log goes to other servers."""
    cluster = parts.bootstrap["static_resources"]["clusters"][1]
    for endpoint in cluster["load_assignment"]["endpoints"][0]["lb_endpoints"]:
        endpoint["endpoint"]["address"]["socket_address"]["port_value"] = 4317


BROKEN = (
    Broken("access_log_missing", lambda p: p.manager.pop("access_log")),
    Broken(
        "access_log_cluster_shared",
        lambda p: p.logger["common_config"]["grpc_service"]["envoy_grpc"].update(
            cluster_name="adapter"
        ),
    ),
    Broken("access_log_grpc_status", lambda p: p.logger.pop("additional_response_trailers_to_log")),
    Broken("access_log_buffer", lambda p: p.logger["common_config"].pop("buffer_size_bytes")),
    Broken(
        "access_log_filtered",
        lambda p: p.manager["access_log"][0].update(filter={"not_health_check_filter": {}}),
    ),
    Broken(
        "access_log_secrets",
        lambda p: p.logger.update(additional_request_headers_to_log=["Authorization"]),
    ),
    Broken("crashing_operator", lambda p: metadata(p.service, "%VIRTUAL_HOST_NAME%")),
    Broken("crashing_operator", lambda p: metadata(p.service, "100%")),
    Broken("crashing_operator", lambda p: metadata(p.service, "%REQ()%")),
    Broken("crashing_operator", lambda p: metadata(p.service, "%CEL(request.path)%")),
    Broken("crashing_operator", lambda p: metadata(p.service, "a%b% %ROUTE_NAME%")),
    Broken("refused_operator", lambda p: logger(p, "%NO_SUCH%")),
    Broken(
        "refused_operator",
        lambda p: p.mutations.append({"append": {"header": {"key": "x-a", "value": "%REQ(x-a"}}}),
    ),
    Broken("crashing_operator", lambda p: log_metadata(p, "%CEL(request.path)%")),
    Broken("refused_operator", lambda p: log_metadata(p, "%NO_SUCH%")),
    Broken("admin_exposed", lambda p: p.bootstrap.update(admin=wide_open())),
    Broken("access_log_elsewhere", elsewhere),
    Broken(
        "access_log_flush",
        lambda p: p.logger["common_config"].update(buffer_flush_interval="60s"),
    ),
)
