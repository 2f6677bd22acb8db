"""An Envoy as istiod configures it: a gateway, a sidecar's inbound side, or a waypoint."""

from collections.abc import Iterable
from typing import Any

from tests.rig.imitations.istio_patches import apply
from tests.rig.imitations.parts import (
    ON_LOOPBACK,
    ROUTER,
    bootstrap,
    cluster,
    http2,
    manager,
    typed,
)

_MARK = {"key": "istio_ext_authz_shadow_effective_policy_id"}
_UNLIMITED = 4_294_967_295


class IstioEnvoy:
    """One Envoy, and what the rendered documents say about it."""

    def __init__(
        self, documents: Iterable[dict[str, Any]], kind: str, name: str, adapter: str
    ) -> None:
        documents = list(documents)
        self._kind = kind
        (config,) = [d["meshConfig"] for d in documents if "meshConfig" in d]
        self._providers = {p["name"]: p for p in config["extensionProviders"]}
        self._objects = {
            d["kind"]: d["spec"]
            for d in documents
            if d.get("metadata", {}).get("name") in {"policy-adapter", f"policy-adapter-{name}"}
        }
        checks = self._providers["policy-adapter"]["envoyExtAuthzGrpc"]
        self._cluster = f"outbound|{checks['port']}||{checks['service']}"
        self._adapter = adapter

    def bootstrap(
        self, hosts: list[Any], services: Iterable[Any], tcp: dict[int, str] | None = None
    ) -> dict[str, Any]:
        """Its configuration. `tcp` has the cluster of each port without HTTP."""
        http = manager(
            use_remote_address=self._kind == "gateway",
            normalize_path=True,
            route_config={
                "name": "routes",
                "ignore_port_in_host_matching": True,
                "virtual_hosts": hosts,
            },
            access_log=self._logs(),
            http_filters=[*self._checks("http"), ROUTER],
        )
        listeners = [_listener("ingress", [http])]
        for port, name in (tcp or {}).items():
            proxy = typed(
                "envoy.filters.network.tcp_proxy",
                "filters.network.tcp_proxy.v3.TcpProxy",
                stat_prefix="tcp",
                cluster=name,
                access_log=self._logs(),
            )
            listeners.append(_listener(f"0.0.0.0_{port}", [*self._checks("network"), proxy]))
        whole = bootstrap(listeners, [self._adapter_cluster(), *services])
        for patch in self._objects["EnvoyFilter"]["configPatches"]:
            apply(patch, whole, self._kind)
        return whole

    def _adapter_cluster(self) -> dict[str, Any]:
        policy = self._objects["DestinationRule"]["trafficPolicy"]
        outliers = policy["outlierDetection"]
        names = ("max_connections", "max_pending_requests", "max_requests", "max_retries")
        return cluster(
            self._cluster,
            self._adapter,
            connect_timeout=policy["connectionPool"]["tcp"]["connectTimeout"],
            outlier_detection={
                "consecutive_5xx": outliers["consecutive5xxErrors"],
                "base_ejection_time": outliers["baseEjectionTime"],
            },
            circuit_breakers={"thresholds": [dict.fromkeys(names, _UNLIMITED)]},
            **http2(),
        )

    def _checks(self, kind: str) -> list[dict[str, Any]]:
        """Marks what the AuthorizationPolicy matches, and asks about what is marked."""
        assert self._objects["AuthorizationPolicy"]["rules"] == [{}]
        provider = self._providers[self._objects["AuthorizationPolicy"]["provider"]["name"]]
        options = provider["envoyExtAuthzGrpc"]
        everything = {"permissions": [{"any": True}], "principals": [{"any": True}]}
        rules = {
            "action": "DENY",
            "policies": {"istio-ext-authz-ns[shop]-policy[policy-adapter]-rule[0]": everything},
        }
        marked = {
            "filter": f"envoy.filters.{kind}.rbac",
            "path": [_MARK],
            "value": {"string_match": {"prefix": "istio-ext-authz"}},
        }
        service = {"envoy_grpc": {"cluster_name": self._cluster}, "timeout": options["timeout"]}
        own: dict[str, Any] = (
            {"status_on_error": {"code": int(options["statusOnError"])}}
            if kind == "http"
            else {"stat_prefix": "tcp."}
        )
        return [
            typed(
                f"envoy.filters.{kind}.rbac",
                f"filters.{kind}.rbac.v3.RBAC",
                shadow_rules=rules,
                shadow_rules_stat_prefix="istio_ext_authz_",
                **({} if kind == "http" else {"stat_prefix": "tcp."}),
            ),
            typed(
                f"envoy.filters.{kind}.ext_authz",
                f"filters.{kind}.ext_authz.v3.ExtAuthz",
                transport_api_version="V3",
                grpc_service=service,
                filter_enabled_metadata=marked,
                failure_mode_allow=options["failOpen"],
                **own,
            ),
        ]

    def _logs(self) -> list[dict[str, Any]]:
        """The logger of a Telemetry, if there is one."""
        if "Telemetry" not in self._objects:
            return []
        options = self._providers["policy-adapter-als"]["envoyHttpAls"]
        common = {
            "log_name": options["logName"],
            "transport_api_version": "V3",
            "grpc_service": {"envoy_grpc": {"cluster_name": self._cluster}},
        }
        return [
            typed(
                "envoy.access_loggers.http_grpc",
                "access_loggers.grpc.v3.HttpGrpcAccessLogConfig",
                common_config=common,
                additional_response_headers_to_log=options["additionalResponseHeadersToLog"],
            )
        ]


def _listener(name: str, filters: list[dict[str, Any]]) -> dict[str, Any]:
    return {"name": name, "address": ON_LOOPBACK, "filter_chains": [{"filters": filters}]}


def virtual_service(name: str, prefix: str, service: str, rule: str = "") -> dict[str, Any]:
    """The route of a VirtualService of namespace shop."""
    path = f"/apis/networking.istio.io/v1/namespaces/shop/virtual-service/{name}"
    return route(rule or "default", prefix, service) | {
        "metadata": {"filter_metadata": {"istio": {"config": path}}}
    }


def route(name: str, prefix: str, service: str) -> dict[str, Any]:
    """A route with Istio's name for it."""
    return {"name": name, "match": {"prefix": prefix}, "route": {"cluster": service}}
