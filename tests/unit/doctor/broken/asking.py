"""What Envoy asks the adapter, and what it does without an answer."""

from adapter.doctor import KnownBinding
from tests.unit.doctor.broken.mistake import Broken
from tests.unit.doctor.configurations import EXTENSIONS, Parts


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


BROKEN = (
    Broken("failure_mode_allow", lambda p: p.ext_authz.update(failure_mode_allow=True)),
    Broken("status_on_error", lambda p: p.ext_authz.pop("status_on_error")),
    Broken("status_on_error", lambda p: p.ext_authz.update(status_on_error={"code": "OK"})),
    Broken("status_on_error", lambda p: p.ext_authz.update(status_on_error={"code": 403})),
    Broken("timeout_missing", lambda p: p.service.pop("timeout")),
    Broken("timeout_short", lambda p: p.service.update(timeout="0.01s")),
    Broken("timeout_long", lambda p: p.service.update(timeout="0s")),
    Broken(
        "timeout_long", lambda p: p.service.update(timeout="30s"), more={"retry_attempt_timeout"}
    ),
    Broken("retries_missing", lambda p: p.service.pop("retry_policy")),
    Broken("retry_conditions", lambda p: p.service["retry_policy"].update(retry_on="5xx")),
    Broken("retry_attempt_timeout", lambda p: p.service["retry_policy"].pop("retry_back_off")),
    Broken("retry_same_host", lambda p: p.service["retry_policy"].pop("retry_host_predicate")),
    Broken(
        "token_wrong", lambda p: p.service.pop("initial_metadata"), adapter={"token": "between-us"}
    ),
    Broken(
        "token_wrong",
        lambda p: p.service["initial_metadata"][0].update(value="old"),
        adapter={"token": "between-us"},
    ),
    Broken(
        "log_token_wrong",
        lambda p: p.logger["common_config"]["grpc_service"].pop("initial_metadata"),
        adapter={"token": "between-us"},
    ),
    Broken("transport_version", lambda p: p.ext_authz.pop("transport_api_version")),
    Broken(
        "google_grpc",
        lambda p: p.service.update(google_grpc={"target_uri": p.service.pop("envoy_grpc") and "a"}),
    ),
    Broken("validate_mutations", lambda p: p.ext_authz.pop("validate_mutations")),
    Broken("system_headers", lambda p: p.ext_authz.pop("decoder_header_mutation_rules")),
    Broken(
        "mutations_disallowed",
        lambda p: p.ext_authz.update(decoder_header_mutation_rules={"disallow_all": True}),
    ),
    Broken("allowed_headers", lambda p: p.ext_authz.update(allowed_headers={})),
    Broken("disallowed_headers", lambda p: p.ext_authz.update(disallowed_headers={})),
    Broken(
        "request_body", lambda p: p.ext_authz.update(with_request_body={"max_request_bytes": 1024})
    ),
    Broken(
        "request_body_too_large",
        lambda p: p.ext_authz.update(with_request_body={"max_request_bytes": 9000}),
        more={"request_body"},
        adapter={"max_message_bytes": 8000},
    ),
    Broken("clear_route_cache", lambda p: p.ext_authz.update(clear_route_cache=True)),
    Broken(
        "route_name_metadata", lambda _: None, adapter={"bindings": (KnownBinding(route_name="a"),)}
    ),
    Broken(
        "route_metadata", lambda _: None, adapter={"bindings": (KnownBinding(route_metadata="a"),)}
    ),
    Broken(
        "jwt_metadata", lambda p: p.add_filter("jwt_authn", 0), adapter={"reads_jwt_payload": True}
    ),
    Broken(
        "jwt_after_check",
        lambda p: p.ext_authz.update(metadata_context_namespaces=["envoy.filters.http.jwt_authn"]),
        adapter={"reads_jwt_payload": True},
    ),
    Broken(
        "token_placeholder",
        lambda p: p.service["initial_metadata"][0].update(value="CHANGE-ME"),
    ),
)
