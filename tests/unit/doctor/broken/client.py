"""Addresses, headers, paths and hosts that clients can choose."""

from tests.unit.doctor.broken.mistake import Broken
from tests.unit.doctor.configurations import EXTENSIONS, Parts


def header_matched(parts: Parts) -> None:
    """A route looks at the host by itself."""
    parts.route["match"]["headers"] = [{"name": ":authority", "string_match": {"exact": "a.test"}}]


def mutations_off(parts: Parts) -> None:
    """A route without the filter that writes the address."""
    parts.route["typed_per_filter_config"]["envoy.filters.http.header_mutation"] = {
        "@type": "type.googleapis.com/envoy.config.route.v3.FilterConfig",
        "disabled": True,
    }


def detected(parts: Parts) -> None:
    """An address that comes from a header."""
    kind = f"{EXTENSIONS}http.original_ip_detection.custom_header.v3.CustomHeaderConfig"
    parts.manager["original_ip_detection_extensions"] = [{"typed_config": {"@type": kind}}]


ADDED = {"header": {"key": "x-adapter-api-id", "value": "7"}}


BROKEN = (
    Broken("address_not_overwritten", lambda p: p.mutations.pop(1)),
    Broken(
        "address_not_overwritten",
        lambda p: p.mutations[1]["append"].update(append_action="APPEND_IF_EXISTS_OR_ADD"),
    ),
    Broken("address_removed", lambda p: p.mutations.reverse()),
    Broken(
        "address_value",
        lambda p: p.mutations[1]["append"]["header"].update(value="%REQ(x-real-ip)%"),
    ),
    Broken("address_from_client", lambda p: p.manager.pop("use_remote_address")),
    Broken(
        "address_from_client",
        lambda p: p.manager.pop("use_remote_address"),
        adapter={"forwarded_for_position": 1},
    ),
    Broken(
        "use_remote_address",
        lambda p: (
            p.manager.pop("use_remote_address"),
            p.mutations[1]["append"]["header"].update(
                value="%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%"
            ),
        ),
    ),
    Broken("forwarded_for_position", lambda _: None, adapter={"forwarded_for_position": 2}),
    Broken(
        "forwarded_for_not_appended",
        lambda p: p.manager.update(skip_xff_append=True),
        adapter={"forwarded_for_position": 1},
    ),
    Broken("address_unknown", lambda p: p.extensions.pop("client_address")),
    Broken("identity_headers", lambda p: p.mutations.pop(0)),
    Broken(
        "underscores",
        lambda p: p.manager.update(
            common_http_protocol_options={"headers_with_underscores_action": "REJECT_REQUEST"}
        ),
    ),
    Broken(
        "header_count",
        lambda p: p.manager.update(common_http_protocol_options={"max_headers_count": 500}),
    ),
    Broken("header_size", lambda p: p.manager.update(max_request_headers_kb=512)),
    Broken(
        "chunked_length",
        lambda p: p.manager.update(http_protocol_options={"allow_chunked_length": True}),
    ),
    Broken(
        "client_certificate_header",
        lambda p: p.manager.update(forward_client_cert_details="FORWARD_ONLY"),
    ),
    Broken("normalize_path", lambda p: p.manager.pop("normalize_path")),
    Broken("merge_slashes", lambda p: p.manager.pop("merge_slashes")),
    Broken(
        "escaped_slashes",
        lambda p: p.manager.update(path_with_escaped_slashes_action="KEEP_UNCHANGED"),
    ),
    Broken("host_dot", lambda p: p.manager.pop("strip_trailing_host_dot")),
    Broken(
        "host_port",
        lambda p: (
            p.manager.pop("strip_matching_host_port"),
            p.manager["route_config"].pop("ignore_port_in_host_matching"),
        ),
    ),
    Broken("host_in_match", header_matched),
    Broken("address_filter_off", mutations_off),
    Broken("trusted_hops", lambda p: p.manager.update(xff_num_trusted_hops=1)),
    Broken("address_detection", detected),
    Broken(
        "address_not_overwritten",
        lambda p: p.filters[0].update(disabled=True),
        more={"identity_headers"},
    ),
    Broken(
        "identity_headers",
        lambda p: p.mutations[0]["remove_on_match"].update(key_matcher={"prefix": "x-adapter-"}),
    ),
    Broken(
        "identity_header_changed",
        lambda p: p.hosts[0].update(request_headers_to_remove=["X-Adapter-Client-Id"]),
    ),
    Broken("identity_header_changed", lambda p: p.route.update(request_headers_to_add=[ADDED])),
    Broken(
        "identity_header_changed",
        lambda p: p.manager["route_config"].update(request_headers_to_add=[ADDED]),
    ),
    Broken("domain_unreachable", lambda p: p.hosts[0].update(domains=["shop.test:8080"])),
    Broken("domain_unreachable", lambda p: p.hosts[0].update(domains=["shop.test."])),
    Broken("domain_wildcard", lambda p: p.hosts[0].update(domains=["*shop.test"])),
)
