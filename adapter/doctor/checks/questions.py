"""What Envoy sends with a Check, and what it does with the answer."""

import re

from adapter.doctor.check import (
    Check,
    Found,
    per_checked_chain,
    per_filter,
    per_logger,
)
from adapter.doctor.fields import Tree, flag, number, text, texts, tree, trees
from adapter.doctor.finding import Severity
from adapter.doctor.known_adapter import KnownAdapter
from adapter.doctor.model import REDACTED, ROUTE_NAME, TOKEN, Chain, HttpFilter, logger_service

_PLACEHOLDERS = frozenset(
    {"changeme", "secret", "sharedsecret", "token", "password", "example", "replaceme", "todo"}
)
_JWT = "envoy.filters.http.jwt_authn"


def token_fault(service: Tree, adapter: KnownAdapter) -> Found:
    """What is wrong with the token that Envoy sends with calls of this service."""
    sent = _metadata(service).get(TOKEN)
    if adapter.token is None or sent == REDACTED:
        return None
    if sent is None:
        return "not sent"
    return None if sent.replace("%%", "%") == adapter.token else "another one is sent"


def _metadata(service: Tree) -> dict[str, str]:
    return {text(m, "key"): text(m, "value") for m in trees(service, "initial_metadata")}


def _token(asker: HttpFilter, _: Chain, adapter: KnownAdapter) -> Found:
    return token_fault(tree(asker.config, "grpc_service"), adapter)


def _placeholder(asker: HttpFilter, _: Chain, __: KnownAdapter) -> bool:
    sent = _metadata(tree(asker.config, "grpc_service")).get(TOKEN, "")
    return re.sub(r"[^a-z]", "", sent.lower()) in _PLACEHOLDERS


def _log_token(logger: Tree, _: Chain, adapter: KnownAdapter) -> Found:
    return token_fault(logger_service(logger), adapter)


def _no_rules(asker: HttpFilter, _: Chain, __: KnownAdapter) -> bool:
    rules = tree(asker.config, "decoder_header_mutation_rules")
    return not flag(rules, "disallow_system") and not flag(rules, "disallow_all")


def _body_too_large(asker: HttpFilter, _: Chain, adapter: KnownAdapter) -> str | None:
    most = number(tree(asker.config, "with_request_body"), "max_request_bytes")
    if not adapter.max_message_bytes or not most or most <= adapter.max_message_bytes:
        return None
    return f"{most:.0f} bytes, and the adapter reads {adapter.max_message_bytes}"


def _certificate(asker: HttpFilter, chain: Chain, _: KnownAdapter) -> bool:
    context = tree(chain.tls, "common_tls_context", "validation_context")
    return bool(context) and not flag(asker.config, "include_peer_certificate")


def _untrusted(chain: Chain, _: KnownAdapter) -> bool:
    common = tree(chain.tls, "common_tls_context")
    contexts = (
        tree(common, "validation_context"),
        tree(common, "combined_validation_context", "default_validation_context"),
    )
    return any(text(c, "trust_chain_verification") == "ACCEPT_UNTRUSTED" for c in contexts)


def _route_name(asker: HttpFilter, _: Chain, adapter: KnownAdapter) -> bool:
    sent = _metadata(tree(asker.config, "grpc_service"))
    return any(b.route_name for b in adapter.bindings) and ROUTE_NAME not in sent


def _route_metadata(asker: HttpFilter, _: Chain, adapter: KnownAdapter) -> bool:
    namespaces = texts(asker.config, "route_metadata_context_namespaces")
    return any(b.route_metadata for b in adapter.bindings) and not namespaces


def _jwt_metadata(asker: HttpFilter, _: Chain, adapter: KnownAdapter) -> bool:
    namespaces = texts(asker.config, "metadata_context_namespaces")
    return adapter.reads_jwt_payload and _JWT not in namespaces


def _jwt_too_late(chain: Chain, adapter: KnownAdapter) -> bool:
    sends = any(_JWT in texts(a.config, "metadata_context_namespaces") for a in chain.askers)
    is_first = any(f.kind == "jwt_authn" for f in chain.before_check)
    return (sends or adapter.reads_jwt_payload) and not is_first


CHECKS = (
    Check(
        "token_wrong",
        Severity.ERROR,
        "The adapter has a token (listener.token) and refuses Checks without it.",
        "Send the token as x-adapter-token in initial_metadata of the ext_authz filter.",
        per_filter(_token),
    ),
    Check(
        "log_token_wrong",
        Severity.ERROR,
        "The adapter has a token (listener.token) and refuses access log streams without it, so "
        "analytics are lost.",
        "Send the token as x-adapter-token in initial_metadata of the access logger.",
        per_logger(_log_token),
    ),
    Check(
        "token_placeholder",
        Severity.WARNING,
        "The token is the placeholder of an example, which everybody can guess.",
        "Use a long random token, in listener.token and in initial_metadata.",
        per_filter(_placeholder),
    ),
    Check(
        "transport_version",
        Severity.ERROR,
        "The adapter answers version 3 of the protocol only.",
        "Set transport_api_version: V3 in the ext_authz filter.",
        per_filter(lambda asker, _, __: text(asker.config, "transport_api_version") != "V3"),
    ),
    Check(
        "google_grpc",
        Severity.WARNING,
        "Calls by google_grpc have no health checks, circuit breakers or retries of a cluster.",
        "Use grpc_service.envoy_grpc with a cluster of the adapters.",
        per_filter(lambda a, _, __: "google_grpc" in tree(a.config, "grpc_service")),
    ),
    Check(
        "validate_mutations",
        Severity.WARNING,
        "Envoy does not check the headers in an answer, so a line break in a value could split a "
        "response.",
        "Set validate_mutations: true.",
        per_filter(lambda asker, _, __: not flag(asker.config, "validate_mutations")),
    ),
    Check(
        "system_headers",
        Severity.WARNING,
        "An answer could change the path, the host or the method after the route was chosen.",
        "Set decoder_header_mutation_rules: {disallow_system: true, allow_envoy: true}.",
        per_filter(_no_rules),
    ),
    Check(
        "mutations_disallowed",
        Severity.ERROR,
        "Envoy drops all headers of the answers, so forged identity headers stay and services do "
        "not learn who the client is.",
        "Remove disallow_all from decoder_header_mutation_rules.",
        per_filter(
            lambda a, _, __: flag(tree(a.config, "decoder_header_mutation_rules"), "disallow_all")
        ),
    ),
    Check(
        "allowed_headers",
        Severity.ERROR,
        "The adapter sees these headers only, so credentials, the client's address or the content "
        "type are missing and policies decide wrongly.",
        "Remove allowed_headers from the ext_authz filter.",
        per_filter(lambda asker, _, __: "allowed_headers" in asker.config),
    ),
    Check(
        "disallowed_headers",
        Severity.WARNING,
        "The adapter does not see these headers, and a policy that reads them decides wrongly.",
        "Remove disallowed_headers, or make sure that no policy reads them.",
        per_filter(lambda asker, _, __: "disallowed_headers" in asker.config),
    ),
    Check(
        "request_body",
        Severity.WARNING,
        "No policy reads the body, and Envoy holds each request back until its body has arrived, "
        "and answers 413 without a Check if it is too long.",
        "Remove with_request_body from the ext_authz filter.",
        per_filter(lambda asker, _, __: "with_request_body" in asker.config),
    ),
    Check(
        "request_body_too_large",
        Severity.ERROR,
        "The adapter refuses Checks longer than listener.max_message_bytes.",
        "Lower max_request_bytes, or remove with_request_body.",
        per_filter(_body_too_large),
    ),
    Check(
        "clear_route_cache",
        Severity.WARNING,
        "Envoy chooses the route again after the Check, so the request can reach another API than "
        "the one that was checked.",
        "Remove clear_route_cache from the ext_authz filter.",
        per_filter(lambda asker, _, __: flag(asker.config, "clear_route_cache")),
    ),
    Check(
        "peer_certificate",
        Severity.NOTE,
        "Policies see the principal of a client's certificate, but not the certificate.",
        "Set include_peer_certificate: true if a policy reads attributes.clientCertificate.",
        per_filter(_certificate),
    ),
    Check(
        "untrusted_certificates",
        Severity.ERROR,
        "Envoy accepts certificates that it cannot verify, so clients can choose the principal "
        "that policies see.",
        "Remove trust_chain_verification: ACCEPT_UNTRUSTED.",
        per_checked_chain(_untrusted),
    ),
    Check(
        "route_name_metadata",
        Severity.ERROR,
        "The settings bind APIs by route_name, and Envoy does not send it.",
        'Add {key: x-route-name, value: "%ROUTE_NAME%"} to grpc_service.initial_metadata.',
        per_filter(_route_name),
    ),
    Check(
        "route_metadata",
        Severity.ERROR,
        "The settings bind APIs by route_metadata, and Envoy does not send any.",
        "Set route_metadata_context_namespaces in the ext_authz filter.",
        per_filter(_route_metadata),
    ),
    Check(
        "jwt_metadata",
        Severity.ERROR,
        "The settings have identity.envoy_jwt_payload, and Envoy does not send the tokens that it "
        "verified.",
        "Set metadata_context_namespaces: [envoy.filters.http.jwt_authn].",
        per_filter(_jwt_metadata),
    ),
    Check(
        "jwt_after_check",
        Severity.ERROR,
        "The adapter expects tokens that Envoy has verified, and no jwt_authn filter runs before "
        "the Check.",
        "Put the jwt_authn filter before ext_authz.",
        per_checked_chain(_jwt_too_late),
    ),
)
