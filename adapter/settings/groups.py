"""The groups of settings."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, HttpUrl, SecretStr, model_validator

from adapter.settings.addresses import HostPort, ListenAddress, LoopbackAddress

Seconds = Annotated[float, Field(gt=0)]
HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")]


class _Group(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ListenerSettings(_Group):
    """Where Envoy reaches us, for Checks and for access log streams alike."""

    transport: Literal["asyncio", "grpcio"] = "asyncio"
    """Which gRPC server: our own on asyncio, or the reference, which costs several times more."""
    address: ListenAddress = "127.0.0.1:9001"
    """`HOST:PORT`, `unix:/path/of.sock` or `unix-abstract:name`; a process has its own."""
    socket_mode: Annotated[str, Field(pattern=r"^0?[0-7]{3}$")] = "0660"
    """Permissions of a Unix socket, octal."""
    socket_group: str | None = None
    """Group that owns a Unix socket, so that Envoy's user may connect."""
    token: Annotated[SecretStr, Field(min_length=1)] | None = None
    """What Envoy must send as gRPC metadata `x-adapter-token` (its `initial_metadata`)."""
    tls_certificate: Path | None = None
    """With `tls_key`: serve TLS (PEM files; asyncio only). A Unix socket needs none."""
    tls_key: Path | None = None
    tls_client_authority: Path | None = None
    """Certificates that Envoy's own must be signed by; default: none is asked for."""
    max_message_bytes: Annotated[int, Field(ge=64 * 1024, le=512 * 1024 * 1024)] = 8 * 1024 * 1024
    """Largest message taken; must be above `max_request_bytes` of Envoy's `with_request_body`."""
    max_held_bytes: Annotated[int, Field(ge=1024 * 1024)] | None = None
    """Of all messages that are not whole or not answered yet, on all connections together; beyond,
    large ones are refused. Default: 16 times `max_message_bytes`."""
    max_connections: Annotated[int, Field(ge=16, le=65_536)] = 1024
    """Connections at once: each worker thread of an Envoy has one or two."""

    @model_validator(mode="after")
    def _room_for_messages(self) -> "ListenerSettings":
        if self.max_held_bytes is not None and self.max_held_bytes < 2 * self.max_message_bytes:
            raise ValueError("max_held_bytes must be at least twice max_message_bytes")
        return self

    @model_validator(mode="after")
    def _whole_tls(self) -> "ListenerSettings":
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("tls_certificate and tls_key go together")
        if self.tls_client_authority is not None and self.tls_key is None:
            raise ValueError("tls_client_authority needs tls_certificate and tls_key")
        if self.tls_key is not None and self.transport == "grpcio":
            raise ValueError("TLS is served by transport: asyncio only")
        return self


class PlatformSettings(_Group):
    """The API management platform."""

    base_url: HttpUrl
    """Anypoint Platform's control plane, or our own."""
    analytics_url: HttpUrl | None = None
    """Where events go; default: `base_url`."""
    organization_id: Annotated[str, Field(min_length=1)]
    environment_id: Annotated[str, Field(min_length=1)]
    client_id: Annotated[str, Field(min_length=1)]
    """The gateway's credentials: those of the environment."""
    client_secret: SecretStr
    apis: Literal["environment"] | Annotated[tuple[str, ...], Field(min_length=1)] = "environment"
    """All API instances of the environment, or a list of their ids."""
    ignored_policy_types: tuple[str, ...] = ()
    """Policy types to do without knowingly; any other that can't be enforced closes its API."""
    secret_form: Literal["auto", "secret+salt", "salt+secret"] = "auto"  # noqa: S105
    """How the platform concatenates client secrets with their salt before SHA-256."""
    poll_interval_s: Seconds = 15
    request_timeout_s: Seconds = 10
    max_response_bytes: Annotated[int, Field(ge=1024)] = 32 * 1024 * 1024
    concurrency: Annotated[int, Field(ge=1, le=64)] = 4
    """Platform requests under way at once."""


class BindingSettings(_Group):
    """Which requests belong to an API, where the route itself can't say `api_id`."""

    api_id: Annotated[str, Field(min_length=1)]
    route_name: str = ""
    """Envoy's route name, sent as gRPC metadata `x-route-name: %ROUTE_NAME%`."""
    route_metadata: str = ""
    """`HTTPRoute/namespace/name` of Envoy Gateway, or Istio's `config` path."""
    authority: str = ""
    """Host name, `*.example.com` or `*`. Safe only where Envoy lists the same domains."""
    path_prefix: Annotated[str, Field(pattern=r"^/")] = "/"

    @model_validator(mode="after")
    def _one_way(self) -> "BindingSettings":
        if sum(map(bool, (self.route_name, self.route_metadata, self.authority))) != 1:
            raise ValueError("set exactly one of route_name, route_metadata and authority")
        if self.path_prefix != "/" and not self.authority:
            raise ValueError("path_prefix goes with authority only")
        return self


class RequestSettings(_Group):
    """What to believe of a request, and to which API it belongs."""

    client_address_header: HeaderName | None = None
    """Request header that Envoy sets to the client's address on all routes, overwriting forgeries.

    Default: `x-adapter-client-address`, on routes whose `context_extensions` say that it does so.
    """
    forwarded_for_position: Annotated[int, Field(ge=1)] | None = None
    """Instead: which entry of `x-forwarded-for` to believe, counted from the right."""
    identity_header_prefix: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*-$")] = "x-adapter-"
    """How the headers begin that tell the upstream who calls."""
    bindings: tuple[BindingSettings, ...] = ()
    unbound: Literal["deny", "allow"] = "deny"
    """What to do with requests that belong to no API."""


class GatekeeperSettings(_Group):
    """When a snapshot is fit to decide by."""

    mode: Literal["flexible", "strict"] = "flexible"
    """`strict`: not before the platform was reached; `flexible`: the disk copy will do."""
    max_age_s: Seconds | None = None
    """Longest time without the platform before requests are denied; default: for ever."""


class QuotaSettings(_Group):
    """Counters of rate limits; docs/quotas.md says what each way of counting may admit."""

    store: Literal["memory", "redis"] = "memory"
    """Each process for itself, or all on one Redis or Valkey server."""
    processes: Annotated[int, Field(ge=1)] = 1
    """Adapter processes that share the traffic: counting alone, they multiply each limit."""
    max_windows: Annotated[int, Field(ge=1)] = 1_000_000
    """Counters kept at most. A policy gets another one while it holds fewer than are free; beyond
    that, its requests that need a new one are refused."""
    file: Path | None = None
    """Where this process keeps its counters over a restart; default: nowhere."""
    file_interval_s: Seconds = 5
    url: SecretStr | None = None
    """`redis://`, `rediss://`, `redis+sentinel://` or `redis+cluster://`, with its login."""
    when_down: Literal["local", "deny", "allow"] = "local"
    """Without the server: each process counts alone, nothing passes, or everything."""
    deadline_s: Seconds = 0.05
    """Longest wait for the server's answer to a charge."""
    connections: Annotated[int, Field(ge=1, le=64)] = 4
    prefix: str = "policy-adapter:quota:"
    """How the keys on the server begin."""
    secret: SecretStr | None = None
    """Makes the names of counters unguessable; the same for all processes."""
    ca_file: Path | None = None
    """Certificates to trust the server by, in PEM; default: the system's."""
    certificate_file: Path | None = None
    key_file: Path | None = None
    sentinel_username: str | None = None
    sentinel_password: SecretStr | None = None

    @model_validator(mode="after")
    def _url_for_redis(self) -> "QuotaSettings":
        if (self.store == "redis") != (self.url is not None):
            raise ValueError("store: redis and url go together")
        return self


class DiskCopySettings(_Group):
    """The encrypted copy that a restart without the platform serves from."""

    directory: Path | None = None
    """Where to keep it; default: nowhere."""


class AnalyticsSettings(_Group):
    """What becomes of access log entries."""

    enabled: bool = True
    include_client_ip: bool = True
    max_events: Annotated[int, Field(ge=1)] = 200_000
    """Events held while the platform is away; beyond, the oldest go, and are counted."""
    max_bytes: Annotated[int, Field(ge=1024)] = 256 * 1024 * 1024
    batch_events: Annotated[int, Field(ge=1)] = 2_000
    batch_age_s: Seconds = 5
    """A batch goes out when it is full or its first event is this old."""


class ObservabilitySettings(_Group):
    """Logs, metrics, probes and what is loaded."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["auto", "console", "json"] = "auto"
    """`auto`: for people on a terminal, JSON elsewhere."""
    metrics_address: HostPort = "127.0.0.1:9102"
    """Serves `/metrics`, `/healthz` and `/readyz`."""
    inspection_address: LoopbackAddress | None = "127.0.0.1:9103"
    """Serves what is loaded, on loopback only; null: nowhere."""


class MemorySettings(_Group):
    """How the process's memory is kept."""

    huge_pages: bool = True
    """Have the kernel back a large heap with pages of 2 MiB: cheaper Checks, a few MB more."""


class ShutdownSettings(_Group):
    """How to go without losing a request."""

    drain_s: Annotated[float, Field(ge=0)] = 2.5
    """Time between NOT_SERVING and closing: longer than Envoy's health check interval + timeout."""
    deadline_s: Seconds = 10
    """Time for calls under way and for the last events, after draining."""
