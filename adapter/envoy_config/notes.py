"""What the lines of an Envoy configuration protect, and what happens without them.

Each key is the beginning of a line. `annotated` writes the note above the first such line.
"""

import textwrap
from collections.abc import Iterator, Mapping
from typing import Final

_WIDTH: Final = 100

NOTES: Final[Mapping[str, str]] = {
    # The HTTP connection manager.
    "use_remote_address:": "Envoy takes the client's address from the connection, and removes "
    "headers that only a proxy may set. Without it, clients choose their address and scheme.",
    "xff_num_trusted_hops:": "How many proxies in front of Envoy you trust. If it is too high, "
    "clients choose their address. If it is too low, all clients have the proxy's address.",
    "normalize_path:": "Resolves dots and decodes letters before routes and policies read the "
    "path. Without it, /x/../admin and /%61dmin reach the service as they are.",
    "merge_slashes:": "Without it, //admin reaches the service as it is, and matches no rule on "
    "/admin.",
    "path_with_escaped_slashes_action:": "Refuses %2F and %5C (400). Without it, a service that "
    "decodes them reads another path than routes and policies did.",
    "strip_matching_host_port:": "Services and policies see the host without Envoy's own port.",
    "strip_trailing_host_dot:": "shop.test. is the host shop.test. Without it, such a request "
    "reaches the virtual host for *, and so another API or none.",
    "forward_client_cert_details:": "Tells the service about the certificate that Envoy verified, "
    "and replaces what a client sent in x-forwarded-client-cert.",
    # The HTTP filters.
    "- name: envoy.filters.http.header_mutation": "Runs before ext_authz. Without it, clients can "
    "send the headers by which the adapter tells your services who calls.",
    "- remove_on_match:": "Removes such headers, also with _ or . instead of -.",
    "- append:": "The client's address, for policies on addresses. It replaces what a client sent. "
    "Without it, clients choose the address that these policies see.",
    "- name: envoy.filters.http.ext_authz": "Asks the adapter about every request. Without it, no "
    "policy applies. Filters before it also run for requests that are denied later.",
    "timeout:": "The longest wait for a decision, all attempts together. Without it, it is 0.2 s.",
    "initial_metadata:": "The secret that the adapter expects (listener.token). Without it, the "
    "adapter refuses to answer. Keep this file private.",
    "retry_policy:": "Asks another adapter process if one does not answer. Without it, requests "
    "fail while an adapter restarts.",
    "max_interval:": "Not below the timeout, because Envoy uses it as the timeout of each attempt.",
    "include_peer_certificate:": "Sends the client's certificate with each Check. Without it, "
    "policies know only its principal.",
    "failure_mode_allow:": "Refuses requests that no adapter could decide. With true, every "
    "request passes while the adapter is down or overloaded.",
    "status_on_error:": "503 tells clients to try again later. Without it, they get 403.",
    "validate_mutations:": "Refuses header values with line breaks. Without it, a value that a "
    "client chose could add headers to the response.",
    "decoder_header_mutation_rules:": "Policies may set x-envoy-* headers, but not the path, "
    "method or host. Without it, a policy could send a request to another route's service.",
    # The access log.
    "- name: envoy.access_loggers.http_grpc": "Reports to the adapter how each request ended. "
    "Without it, there are no API analytics.",
    "buffer_flush_interval:": "The longest time until an entry is sent.",
    "buffer_size_bytes:": "What each worker thread keeps while the adapter does not read.",
    "grpc_stream_retry_policy:": "Without it, entries are lost while an adapter restarts.",
    "- name: envoy.access_loggers.file": "Your own log, with the decisions of the adapter.",
    "additional_response_headers_to_log:": "Envoy logs a denied gRPC call as HTTP 200. Without "
    "these two lines, analytics show it as a success.",
    # Routes.
    "name: api-": "Access log entries name the route. Without it, a request whose client left "
    "before the decision is in no API's analytics.",
    "ignore_port_in_host_matching:": "shop.test:8080 is the host shop.test. Without it, such a "
    "request reaches the virtual host for *, and so another API or none.",
    "api_id:": "The API that the route belongs to. Without it, the adapter denies the request "
    "(403, api_unbound), unless one of its bindings names the API.",
    "client_address:": "Says that the filter header_mutation runs on this route. Without it, "
    "policies on addresses deny every request (403, address_unknown). Never write it without the "
    "filter.",
    "api_chosen_by:": "Says that the path decides about the API. Without it, a path that your "
    "service reads differently (/orders;x/1) gets the policies of another API.",
    "api_chosen_by_host:": "Says that the host decides about the API. Without it, a host that "
    "your service reads differently (x@shop.test) gets the policies of another API.",
    "disabled:": "Without it, the adapter denies requests to such a route (403, api_unbound).",
    # Clusters.
    "- name: adapter\n": "For Checks. One endpoint for each adapter process.",
    "- name: adapter_als\n": "For access logs, with the same endpoints. Without a cluster of "
    "their own, many entries could use up the limits below, and Checks would fail.",
    "typed_extension_protocol_options:": "gRPC needs HTTP/2. Without it, every Check fails.",
    "transport_socket:": "TLS with a verified peer. Without it, the connection fails, or its "
    "content can be read on the way.",
    "match_typed_subject_alt_names:": "Without it, any certificate of that CA is accepted.",
    "lb_policy:": "Each adapter process gets the same number of Checks.",
    "common_lb_config:": "A change of health counts at once. Without it, Envoy sends Checks to an "
    "adapter that is about to stop.",
    "circuit_breakers:": "Envoy's own limits are 1,024 requests and 3 retries at once. Above "
    "them, it refuses requests without a Check.",
    "outlier_detection:": "Leaves out an adapter that fails several times in a row.",
    "health_checks:": "Leaves out an adapter that stops or hangs. Without them, a restart fails "
    "requests.",
    "no_traffic_interval:": "Without it, Envoy checks an adapter without traffic only once a "
    "minute.",
}


def annotated(text: str, written: set[str], notes: Mapping[str, str] = NOTES) -> str:
    """The YAML text with notes. A note whose key is in `written` is not repeated."""
    return "".join(_lines(text, written, notes))


def _lines(text: str, written: set[str], notes: Mapping[str, str]) -> Iterator[str]:
    for line in text.splitlines(keepends=True):
        content = line.lstrip()
        key = next((key for key in notes if content.startswith(key)), None)
        if key is not None and key not in written:
            written.add(key)
            yield comment(notes[key], indent=len(line) - len(content))
        yield line


def comment(text: str, indent: int = 0) -> str:
    """The text as lines of a YAML comment."""
    start = " " * indent + "# "
    return textwrap.fill(text, _WIDTH, initial_indent=start, subsequent_indent=start) + "\n"
