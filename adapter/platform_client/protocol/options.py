"""Where the platform is, and how to ask it."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformOptions:
    """Where the platform is, who we are to it, and how much we ask at once.

    What the operator's settings decide has no default here.
    """

    base_url: str
    organization_id: str
    environment_id: str
    client_id: str
    client_secret: str = field(repr=False)
    analytics_base_url: str
    """Where events go; empty: `base_url`."""
    request_timeout_s: float
    """For one whole exchange, from the connection to the last byte of the body."""
    max_response_bytes: int
    """Of one body, after decompression."""
    concurrency: int
    """Requests under way at once."""
    max_pages: int = 1000
    """Of one list, or of one pass over a contract feed."""
