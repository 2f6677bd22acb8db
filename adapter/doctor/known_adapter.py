"""What is known of the adapter that Envoy asks."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class KnownBinding:
    """How requests without `api_id` find their API: see `requests.bindings`."""

    route_name: str = ""
    route_metadata: str = ""
    authority: str = ""
    by_destination: bool = False
    """Whether it names a principal or a port."""


@dataclass(frozen=True, slots=True)
class KnownAdapter:
    """What the checks compare Envoy with. The defaults are those of the settings."""

    header_prefix: str
    """`requests.identity_header_prefix`."""
    address_header: str
    """The header with the client's address."""
    has_settings: bool = False
    """Whether the settings are known. Otherwise nothing is compared with them."""
    trusts_address_header: bool = False
    """Whether the header is believed on all routes: `requests.client_address_header`."""
    forwarded_for_position: int | None = None
    listens: str = ""
    """`listener.address`; empty if it is not known."""
    other_workers: tuple[str, ...] = ()
    """The addresses of the workers beside the first one, which has `listener.address`."""
    token: str | None = field(default=None, repr=False)
    serves_tls: bool = False
    asks_for_certificate: bool = False
    drain_s: float = 0.0
    max_message_bytes: int = 0
    reads_jwt_payload: bool = False
    """Whether tokens that Envoy verified are believed: `identity.envoy_jwt_payload`."""
    allows_unbound: bool = False
    """Whether requests without an API pass: `requests.unbound: allow`."""
    bindings: tuple[KnownBinding, ...] = ()
    api_ids: frozenset[str] | None = None
    """The API instances in the adapter's snapshot; None if they are not known."""
