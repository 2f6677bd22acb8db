"""What one worker tells another about an API."""

from typing import Literal, NamedTuple

from adapter.platform_client.sync.revisions import Revisions
from adapter.policy.catalog import ApiContent, ApiInstance
from adapter.runtime.clock import WallTime


class ApiState(NamedTuple):
    """An API as the syncing worker knows it; see the same names in `TrackedApi`."""

    instance: ApiInstance
    content: ApiContent | None = None
    origin: Literal["platform", "disk"] | None = None
    gone: bool = False
    confirmed_at: WallTime | None = None
    last_error: str | None = None
    revisions: Revisions = Revisions()
    document_faults: tuple[str, ...] = ()
