"""What is synced, and how often."""

from dataclasses import dataclass

from adapter.policy.contracts.hashed_secret import SecretForm
from adapter.policy.need import NeedObjection


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncOptions:
    """Which APIs are synced, how often the platform is asked, and how its answers are read.

    What the operator's settings decide has no default here. The other values are the vendor's where
    they are known (a longest back-off of 5 minutes).
    """

    apis: tuple[str, ...] | None
    """Ids of the API instances to enforce; None: all of the environment."""
    poll_interval_s: float
    secret_form: SecretForm
    ignored_policy_types: frozenset[str]
    own_headers: frozenset[str]
    """Names of headers that no policy may set: see `policy.snapshot.build_api`."""
    objection: NeedObjection
    """What policies may not use: see `policy.snapshot.build_api`."""
    poll_spread: float = 0.1
    """Each wait between polls is longer or shorter by up to this part of it, at random."""
    tier_interval_s: float = 60.0
    instance_interval_s: float = 60.0
    full_policy_interval_s: float = 300.0
    """How often policies are fetched without `if-modified-since`."""
    full_contract_interval_s: float = 3600.0
    """How often the contract feed is read from its beginning."""
    confirmation_delay_s: float = 2.0
    """How long to wait before asking again whether an API is really gone, or its policies are."""
    backoff_cap_s: float = 300.0
