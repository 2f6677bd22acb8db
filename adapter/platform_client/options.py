"""What the operator decides about the talk with the platform."""

from dataclasses import dataclass, field

from adapter.policy.contracts.hashed_secret import SecretForm


@dataclass(frozen=True, slots=True)
class PlatformOptions:
    """Where the platform is, who we are to it, and how often and how much we ask.

    The defaults are the vendor's where they are known (poll every 15 s, 10 s for a request, backoff
    up to 5 minutes).
    """

    base_url: str
    organization_id: str
    environment_id: str
    client_id: str
    client_secret: str = field(repr=False)
    analytics_base_url: str = ""
    """Where events go; empty: `base_url`."""
    apis: tuple[str, ...] | None = None
    """Ids of the API instances to enforce; None: all of the environment."""
    poll_interval_s: float = 15.0
    poll_spread: float = 0.1
    """The part of the poll interval by which each wait is longer or shorter, at random."""
    request_timeout_s: float = 10.0
    """For one whole exchange, from the connection to the last byte of the body."""
    max_response_bytes: int = 16 * 1024 * 1024
    """Of one body, after decompression."""
    max_pages: int = 1000
    """Of one list, or of one pass over a contract feed."""
    concurrency: int = 8
    """Requests under way at once."""
    tier_interval_s: float = 60.0
    instance_interval_s: float = 60.0
    full_policy_interval_s: float = 300.0
    """How often policies are fetched without `if-modified-since`."""
    full_contract_interval_s: float = 3600.0
    """How often the contract feed is read from its beginning."""
    confirmation_delay_s: float = 2.0
    """Before asking again whether an API is really gone, or its policies really all removed."""
    backoff_cap_s: float = 300.0
    secret_form: SecretForm = "auto"  # noqa: S105
    ignored_policy_types: frozenset[str] = frozenset()
    own_headers: frozenset[str] = frozenset()
    """Names of headers that no policy may set: see `policy.snapshot.build_api`."""
