"""The groups of settings."""

from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    model_validator,
)

from adapter.settings.addresses import HostPort, ListenAddress, LoopbackAddress
from adapter.settings.values import (
    AS_LIST,
    ApiIds,
    FilledPath,
    FilledText,
    HeaderName,
    Hosts,
    HttpAddress,
    Networks,
    PlatformUrl,
    Seconds,
    Texts,
    Token,
    of_form,
)


class _Group(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)


class ListenerSettings(_Group):
    """The gRPC port, where Envoy sends Checks and access log streams."""

    transport: Literal["asyncio", "grpcio"] = "asyncio"
    """The gRPC server: our own on asyncio, or grpcio, which needs several times more CPU."""
    address: ListenAddress = "127.0.0.1:9001"
    """`HOST:PORT`, `unix:/path/of.sock` or `unix-abstract:name`. Each process needs its own."""
    socket_mode: Annotated[
        str, of_form(r"0?[0-7]{3}", 'be permissions in octal, such as "0660"')
    ] = "0660"
    """Permissions of a Unix socket, in octal."""
    socket_group: str | None = None
    """Group of a Unix socket, by name or number: one that Envoy's user is a member of."""
    token: Token | None = None
    """Secret that Envoy sends as gRPC metadata `x-adapter-token` (in its `initial_metadata`)."""
    tls_certificate_file: FilledPath | None = None
    """PEM file of the certificate. With `tls_key_file`: serve TLS (`transport: asyncio` only)."""
    tls_key_file: FilledPath | None = None
    """PEM file of its key."""
    tls_client_ca_file: FilledPath | None = None
    """PEM file of CAs. If set, Envoy must show a certificate that one of them signed."""
    max_message_bytes: Annotated[int, Field(ge=64 * 1024, le=512 * 1024 * 1024)] = 8 * 1024 * 1024
    """Largest message accepted. Must exceed `max_request_bytes` of Envoy's `with_request_body`."""
    max_held_bytes: Annotated[int, Field(ge=1024 * 1024)] | None = None
    """Total size of the messages that are incomplete or not answered yet, over all connections.
    Above it, large messages are refused. Default: 16 times `max_message_bytes`."""
    max_connections: Annotated[int, Field(ge=16, le=65_536)] = 1024
    """Most connections at once. Each worker thread of an Envoy opens one or two."""

    @model_validator(mode="after")
    def _room_for_messages(self) -> "ListenerSettings":
        if self.max_held_bytes is not None and self.max_held_bytes < 2 * self.max_message_bytes:
            raise ValueError("max_held_bytes must be at least twice max_message_bytes")
        return self

    @model_validator(mode="after")
    def _complete_tls(self) -> "ListenerSettings":
        if (self.tls_certificate_file is None) != (self.tls_key_file is None):
            raise ValueError("set both tls_certificate_file and tls_key_file, or neither")
        if self.tls_client_ca_file is not None and self.tls_key_file is None:
            raise ValueError("tls_client_ca_file needs tls_certificate_file and tls_key_file")
        if self.tls_key_file is not None and self.transport == "grpcio":
            raise ValueError("TLS needs transport: asyncio")
        return self


class PlatformSettings(_Group):
    """The API management platform."""

    base_url: PlatformUrl
    """URL of Anypoint Platform, or of our own control plane."""
    analytics_url: PlatformUrl | None = None
    """URL for analytics events. Default: `base_url`."""
    organization_id: FilledText
    environment_id: FilledText
    client_id: FilledText
    """The environment's client id, with which the adapter logs in."""
    client_secret: Annotated[SecretStr, Field(min_length=1)]
    apis: ApiIds = "environment"
    """`environment` for all API instances of the environment, or a list of their ids."""
    ignored_policy_types: Texts = ()
    """Policy types that are not enforced. An API with any other unsupported policy is closed."""
    secret_form: Literal["auto", "secret+salt", "salt+secret"] = "auto"  # noqa: S105
    """The order in which the platform joins client secret and salt before SHA-256."""
    poll_interval_s: Seconds = 15
    request_timeout_s: Seconds = 10
    max_response_bytes: Annotated[int, Field(ge=1024)] = 32 * 1024 * 1024
    concurrency: Annotated[int, Field(ge=1, le=64)] = 4
    """Most requests to the platform at once."""


class BindingSettings(_Group):
    """Requests that belong to an API, for routes without `api_id` in their configuration."""

    api_id: FilledText
    route_name: str = ""
    """Envoy's route name, sent as gRPC metadata `x-route-name: %ROUTE_NAME%`."""
    route_metadata: str = ""
    """`HTTPRoute/namespace/name` of Envoy Gateway, or Istio's `config` path."""
    authority: str = ""
    """Host of the request: a name, `*.example.com` or `*`. Safe only if Envoy's virtual host
    lists the same domains."""
    path_prefix: Annotated[str, of_form("/.*", "begin with /")] = "/"

    @model_validator(mode="after")
    def _one_way(self) -> "BindingSettings":
        if sum(map(bool, (self.route_name, self.route_metadata, self.authority))) != 1:
            raise ValueError("set exactly one of route_name, route_metadata and authority")
        if self.path_prefix != "/" and not self.authority:
            raise ValueError("path_prefix goes with authority only")
        return self


class RequestSettings(_Group):
    """How a request's API and its client's address are found."""

    client_address_header: HeaderName | None = None
    """Request header that Envoy overwrites with the client's address on every route.

    Default: `x-adapter-client-address`, on routes with `client_address: attested` in their
    `context_extensions`.
    """
    forwarded_for_position: Annotated[int, Field(ge=1)] | None = None
    """Instead of that header: the entry of `x-forwarded-for` to use, counted from the right."""
    identity_header_prefix: Annotated[
        str,
        of_form(
            "[a-z][a-z0-9-]*-",
            "have small letters, digits and hyphens, and end with a hyphen, such as x-adapter-",
        ),
    ] = "x-adapter-"
    """Prefix of the headers that tell the upstream who the client is."""
    decision_id_header: bool = True
    """Whether denials have the header `x-adapter-decision-id` (with the prefix above)."""
    bindings: Annotated[tuple[BindingSettings, ...], AS_LIST] = ()
    unbound: Literal["deny", "allow"] = "deny"
    """What to do with requests that belong to no API."""

    @model_validator(mode="after")
    def _own_prefix(self) -> "RequestSettings":
        if self.identity_header_prefix.startswith("x-agw-"):
            raise ValueError(
                "identity_header_prefix cannot begin with x-agw-: policies with exposeHeaders "
                "write these headers; choose another prefix"
            )
        return self


class GatekeeperSettings(_Group):
    """When Checks are decided from what was loaded."""

    mode: Literal["flexible", "strict"] = "flexible"
    """`flexible`: the disk copy is enough. `strict`: the platform must have been reached since the
    start."""
    max_age_s: Seconds | None = None
    """Deny requests once the platform has not been reached for this long. Default: never."""


class QuotaSettings(_Group):
    """Where rate limits are counted; docs/quotas.md says how many requests each way may admit."""

    store: Literal["memory", "redis"] = "memory"
    """`memory`: each process counts alone. `redis`: all count on one Redis or Valkey server."""
    processes: Annotated[int, Field(ge=1)] = 1
    """Adapter processes that share the traffic. With `memory`, each admits the full limit."""
    max_windows: Annotated[int, Field(ge=1)] = 1_000_000
    """Most counters at once. A policy may hold at most as many as are still free, so half of them
    if it is alone. Above that, its requests that need another counter are refused."""
    file: FilledPath | None = None
    """File in which this process keeps its counters over a restart. Default: `quota-windows` in
    `state_directory`."""
    file_interval_s: Seconds = 5
    """Time between two writes of the file."""
    url: SecretStr | None = None
    """Address of the server, with user and password: `redis://`, `rediss://`, `redis+sentinel://`,
    `redis+cluster://`."""
    when_down: Literal["local", "deny", "allow"] = "local"
    """While the server is down: each process counts alone, denies, or allows."""
    deadline_s: Seconds = 0.05
    """Longest wait for the server's answer, in each Check."""
    connections: Annotated[int, Field(ge=1, le=64)] = 4
    """Connections to the server, or to each node of a cluster."""
    prefix: Annotated[
        str, of_form("[^{}]*", "contain no braces, which would break a cluster's hash tags")
    ] = "policy-adapter:quota:"
    """Prefix of the keys on the server."""
    secret: SecretStr | None = None
    """Key for hashing the names of counters, so that nobody can guess them. The same in all
    processes."""
    ca_file: FilledPath | None = None
    """PEM file of CAs that the server's certificate is checked against. Default: the system's."""
    certificate_file: FilledPath | None = None
    """PEM file of our own certificate, for a server that asks for one."""
    key_file: FilledPath | None = None
    """PEM file of its key."""
    sentinel_username: str | None = None
    sentinel_password: SecretStr | None = None

    @model_validator(mode="after")
    def _url_for_redis(self) -> "QuotaSettings":
        if (self.store == "redis") != (self.url is not None):
            raise ValueError("set both store: redis and url, or neither")
        return self


class ClientProviderSettings(_Group):
    """The organization's client provider, for openidconnect-access-token-enforcement."""

    issuer: HttpAddress | None = None
    """Its issuer URL. The introspection endpoint is found by discovery."""
    introspection_url: HttpAddress | None = None
    """Or the URL of its introspection endpoint."""
    client_id: str = ""
    """The client id with which the adapter may introspect tokens."""
    client_secret: Annotated[SecretStr, Field(min_length=1)] | None = None
    """Its secret."""

    @model_validator(mode="after")
    def _complete(self) -> "ClientProviderSettings":
        places = sum(place is not None for place in (self.issuer, self.introspection_url))
        parts = (places == 1, bool(self.client_id), self.client_secret is not None)
        if any((places, *parts)) and not all(parts):
            raise ValueError(
                "set client_id, client_secret, and one of issuer and introspection_url"
            )
        return self


class IdentitySettings(_Group):
    """Calls to identity providers, whose addresses API admins choose in policies; and tokens."""

    allow_http: bool = False
    """Whether `http` URLs may be called. Otherwise only `https`."""
    allow_networks: Networks = ()
    """Networks (CIDR) inside yours that may be called. Default: none, not even loopback.
    Link-local addresses and metadata services of clouds are always refused."""
    allowed_hosts: Hosts | None = None
    """Only these hosts may be called; `*.example.com` stands for all below it. Default: any."""
    ca_file: FilledPath | None = None
    """PEM file of CAs that providers' certificates are checked against. Default: the same as for
    the platform."""
    allow_plain_ldap: bool = False
    """Whether passwords may be sent in clear text to `ldap` URLs. Otherwise the server must offer
    StartTLS."""
    ldap_timeout_s: Seconds = 5
    """Longest time for authenticating one user. Envoy's timeout for the Check may be shorter."""
    ldap_concurrency: Annotated[int, Field(ge=1, le=1_000)] = 32
    """Most requests to one LDAP server at the same time. Above it, Checks fail at once. Users
    whose password was not right within the last hour get at most half of them."""
    ldap_remember_s: Annotated[float, Field(ge=0, le=3_600)] = 30
    """How long a user who was authenticated is let in without asking the server again."""
    ldap_remembered_users: Annotated[int, Field(ge=1)] = 10_000
    """Most users that are remembered."""
    certificate_file: FilledPath | None = None
    """PEM file of our own certificate, for providers that ask for one."""
    key_file: FilledPath | None = None
    """PEM file of its key."""
    max_response_bytes: Annotated[int, Field(ge=1024, le=16 * 1024 * 1024)] = 256 * 1024
    """Largest answer that is read."""
    jwks_cooldown_s: Seconds = 5
    """Shortest time between two fetches of a key set because tokens name unknown keys."""
    max_remembered_tokens: Annotated[int, Field(ge=100)] = 10_000
    """Verified tokens that are remembered. One of more than 1,024 characters counts as several."""
    clock_skew_s: Annotated[float, Field(ge=0, le=300)] = 30
    """How much the clocks of an issuer and this machine may differ: see `exp` and `nbf`."""

    envoy_jwt_payload: FilledText | None = None
    """`payload_in_metadata` of Envoy's `jwt_authn` filter. Tokens that it verified are then not
    verified again, so the keys of policies do not count for them. Default: no such trust."""
    introspection_concurrency: Annotated[int, Field(ge=2, le=200)] = 100
    """Most introspections of tokens at the same time. A provider gets at most as many as are still
    free, so half of them if it is alone. Above that, Checks with new tokens fail at once."""
    refused_token_s: Annotated[float, Field(ge=0, le=300)] = 5
    """How long a token that is not active is refused without asking its provider again."""
    client_provider: ClientProviderSettings = ClientProviderSettings()

    @model_validator(mode="after")
    def _complete_certificate(self) -> "IdentitySettings":
        if (self.certificate_file is None) != (self.key_file is None):
            raise ValueError("set both certificate_file and key_file, or neither")
        return self


class DiskCopySettings(_Group):
    """An encrypted copy of what was loaded, for a start without the platform."""

    directory: FilledPath | None = None
    """Directory of the copy. Default: `state_directory`."""


class AnalyticsSettings(_Group):
    """Events for the platform, made of Envoy's access log."""

    enabled: bool = True
    include_client_ip: bool = True
    """Whether events contain the client's address."""
    spool: Literal["disk", "memory"] = "disk"
    """Where events wait for their upload. `disk`: in `state_directory`, if that is set."""
    spool_max_bytes: Annotated[int, Field(ge=1024 * 1024)] = 1024 * 1024 * 1024
    """Most bytes of events on disk. Above it, the oldest are dropped and counted."""
    spool_max_age_s: Seconds = 7 * 24 * 3600
    """Events that waited longer on disk are dropped and counted."""
    flush_interval_s: Annotated[float, Field(gt=0, le=60)] = 1
    """Longest time that an event is in memory before it is written to the disk."""
    max_events: Annotated[int, Field(ge=1)] = 200_000
    """Most events that wait in memory: all without a disk, or while the disk cannot be used.
    Above it, the oldest are dropped and counted."""
    max_bytes: Annotated[int, Field(ge=1024)] = 256 * 1024 * 1024
    """Most bytes of events that wait in memory."""
    batch_events: Annotated[int, Field(ge=1)] = 2_000
    """Most events in one upload."""
    batch_age_s: Seconds = 5
    """A batch is uploaded when it is full, or when its first event is this old."""


class ObservabilitySettings(_Group):
    """Logs, metrics, probes and the inspection page."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["auto", "console", "json"] = "auto"
    """`auto`: text on a terminal, JSON elsewhere."""
    denials: Annotated[int, Field(ge=0, le=100_000)] = 1_000
    """How many of the last denials `policy-adapter denials` can show."""
    metrics_address: HostPort = "127.0.0.1:9102"
    """Address of `/metrics`, `/healthz` and `/readyz`."""
    inspection_address: LoopbackAddress | None = "127.0.0.1:9103"
    """Address of the inspection page, on loopback only. null: none."""


class ReportSettings(_Group):
    """Reports to the platform about what this adapter runs; only our control plane takes them."""

    enabled: bool = True
    instance_id: (
        Annotated[
            str,
            of_form(
                r"[A-Za-z0-9][A-Za-z0-9._:-]{0,99}",
                "have at most 100 letters, digits, dots, colons, hyphens and underscores, such as "
                "gateway-1",
            ),
        ]
        | None
    ) = None
    """What the platform calls this process. Each process needs its own, and keeps it over a
    restart. Default: the name of the machine and the port of `listener.address`."""


class MemorySettings(_Group):
    """How memory is used."""

    huge_pages: bool = True
    """Use memory pages of 2 MiB for a large heap: Checks cost less CPU, and a few MB more."""


class ShutdownSettings(_Group):
    """How to stop without losing a request."""

    drain_s: Annotated[float, Field(ge=0)] = 2.5
    """Time between NOT_SERVING and closing. Must exceed Envoy's health check interval + timeout."""
    deadline_s: Seconds = 10
    """Longest time after that for open calls and for the last events."""
