"""An Envoy as Envoy Gateway configures it, for a Gateway with one listener."""

from collections.abc import Iterable
from typing import Any

from tests.rig.imitations.json_patches import apply
from tests.rig.imitations.parts import (
    ON_LOOPBACK,
    ROUTER,
    TYPES,
    bootstrap,
    cluster,
    http2,
    manager,
    typed,
)

_PER_ROUTE = f"{TYPES}filters.http.ext_authz.v3.ExtAuthzPerRoute"
_ACTIONS = {"Allow": "ALLOW", "RejectRequest": "REJECT_REQUEST"}


class EnvoyGateway:
    """One Envoy, and what the rendered documents say about it."""

    def __init__(self, documents: Iterable[dict[str, Any]], adapter: str) -> None:
        documents = [d for d in documents if "kind" in d]
        self._objects = {d["kind"]: d["spec"] for d in documents}
        self._policies = {
            (d["metadata"]["namespace"], d["metadata"]["name"]): d["spec"]
            for d in documents
            if d["kind"] == "SecurityPolicy"
        }
        (self._main,) = [p for p in self._policies.values() if "mergeType" not in p]
        self._adapter = adapter

    def bootstrap(self, routes: list[tuple[str, str, str, str]], service: str) -> dict[str, Any]:
        """Its configuration for routes, each a host, kind, namespace and name."""
        clusters = [cluster("service", service)]
        clusters += [self._adapter_cluster(self._cluster_of(*key)) for key in self._policies]
        clusters.append(self._adapter_cluster("accesslog_als_0_0"))
        http = manager(
            **self._request_options(),
            route_config={
                "name": "default/eg/http",
                "ignore_port_in_host_matching": True,
                "virtual_hosts": [self._host(*route) for route in routes],
            },
            access_log=self._logs(),
            http_filters=[*map(self._filter, self._policies), ROUTER],
        )
        listener = {
            "name": "default/eg/http",
            "address": ON_LOOPBACK,
            "default_filter_chain": {"filters": [http]},
        }
        whole = bootstrap([listener], clusters)
        for patch in self._objects["EnvoyPatchPolicy"]["jsonPatches"]:
            apply(patch, whole)
        return whole

    def _request_options(self) -> dict[str, Any]:
        """The ClientTrafficPolicy, beside what Envoy Gateway always sets."""
        policy = self._objects["ClientTrafficPolicy"]
        headers = policy["headers"]
        removed = [
            {"remove_on_match": {"key_matcher": {"safe_regex": {"regex": match["value"]}}}}
            for match in headers["earlyRequestHeaders"]["removeOnMatch"]
        ]
        early = typed(
            "envoy.http.early_header_mutation.header_mutation",
            "http.early_header_mutation.header_mutation.v3.HeaderMutation",
            mutations=removed,
        )
        action = _ACTIONS[headers["withUnderscoresAction"]]
        return {
            "use_remote_address": True,
            "normalize_path": True,
            "merge_slashes": True,
            "strip_trailing_host_dot": headers["host"]["stripTrailingHostDot"],
            "path_with_escaped_slashes_action": _ACTIONS[policy["path"]["escapedSlashesAction"]],
            "common_http_protocol_options": {"headers_with_underscores_action": action},
            "early_header_mutation_extensions": [early],
        }

    def _filter(self, key: tuple[str, str]) -> dict[str, Any]:
        """The filter of one SecurityPolicy, which only the routes below it enable."""
        options = self._main["extAuth"]
        retry = options["grpc"]["backendSettings"]["retry"]
        back_off = retry["perRetry"]["backOff"]
        return typed(
            f"envoy.filters.http.ext_authz/{self._cluster_of(*key)}",
            "filters.http.ext_authz.v3.ExtAuthz",
            transport_api_version="V3",
            status_on_error={"code": options["statusOnError"]},
            route_metadata_context_namespaces=["envoy-gateway"],
            grpc_service={
                "envoy_grpc": {"cluster_name": self._cluster_of(*key)},
                "timeout": options["timeout"],
                "retry_policy": {
                    "retry_on": ",".join(retry["retryOn"]["triggers"]),
                    "num_retries": retry["numRetries"],
                    "retry_back_off": {
                        "base_interval": "0.01s",
                        "max_interval": back_off["maxInterval"],
                    },
                },
            },
        ) | {"disabled": True}

    def _host(self, host: str, kind: str, namespace: str, name: str) -> dict[str, Any]:
        """A virtual host with one route, of an HTTPRoute or GRPCRoute."""
        resource = {"kind": kind, "namespace": namespace, "name": name}
        key, extensions = self._policy_of(resource)
        per_route = {"@type": _PER_ROUTE, "check_settings": {"context_extensions": extensions}}
        route = {
            "name": f"{kind.lower()}/{namespace}/{name}/rule/0/match/0/{host.replace('.', '_')}",
            "match": {"prefix": "/"},
            "route": {"cluster": "service"},
            "metadata": {"filter_metadata": {"envoy-gateway": {"resources": [resource]}}},
            "typed_per_filter_config": {
                f"envoy.filters.http.ext_authz/{self._cluster_of(*key)}": per_route
            },
        }
        return {"name": f"default/eg/http/{host}", "domains": [host], "routes": [route]}

    def _policy_of(self, resource: dict[str, str]) -> tuple[tuple[str, str], dict[str, str]]:
        """The SecurityPolicy of a route, or of the Gateway, and its context extensions."""
        merged = self._main["extAuth"]["contextExtensions"]
        extensions = {e["name"]: e["value"] for e in merged}
        for key, policy in self._policies.items():
            (target,) = policy["targetRefs"]
            own = (target["kind"], key[0], target["name"])
            if own == (resource["kind"], resource["namespace"], resource["name"]):
                own_ones = policy["extAuth"]["contextExtensions"]
                return key, extensions | {e["name"]: e["value"] for e in own_ones}
        (key,) = [key for key, policy in self._policies.items() if policy is self._main]
        return key, extensions

    @staticmethod
    def _cluster_of(namespace: str, name: str) -> str:
        return f"securitypolicy/{namespace}/{name}/extauth/0"

    def _adapter_cluster(self, name: str) -> dict[str, Any]:
        settings = self._main["extAuth"]["grpc"]["backendSettings"]
        active = settings["healthCheck"]["active"]
        check = {
            "timeout": active["timeout"],
            "interval": active["interval"],
            "unhealthy_threshold": active["unhealthyThreshold"],
            "healthy_threshold": active["healthyThreshold"],
            "grpc_health_check": {},
        }
        limits = settings["circuitBreaker"]
        thresholds = {
            "max_requests": limits["maxParallelRequests"],
            "max_pending_requests": limits["maxPendingRequests"],
            "max_retries": limits["maxParallelRetries"],
        }
        passive = settings["healthCheck"]["passive"]
        milliseconds = settings["timeout"]["tcp"]["connectTimeout"].removesuffix("ms")
        return cluster(
            name,
            self._adapter,
            connect_timeout=f"0.{milliseconds}s",
            outlier_detection={"consecutive_5xx": passive["consecutive5XxErrors"]},
            circuit_breakers={"thresholds": [thresholds]},
            common_lb_config={},
            health_checks=[check],
            **http2(),
        )

    def _logs(self) -> list[dict[str, Any]]:
        sinks = self._objects["EnvoyProxy"]["telemetry"]["accessLog"]["settings"][0]["sinks"]
        (als,) = [sink["als"] for sink in sinks if sink["type"] == "ALS"]
        common = {
            "log_name": als["logName"],
            "transport_api_version": "V3",
            "grpc_service": {"envoy_grpc": {"cluster_name": "accesslog_als_0_0"}},
        }
        return [
            typed(
                "envoy.access_loggers.http_grpc",
                "access_loggers.grpc.v3.HttpGrpcAccessLogConfig",
                common_config=common,
                additional_response_headers_to_log=als["http"]["responseHeaders"],
                additional_response_trailers_to_log=als["http"]["responseTrailers"],
            )
        ]
