"""What one worker tells another about an API."""

from typing import Literal, NamedTuple, TypeAlias

from adapter.platform_client.sync.revisions import Revisions
from adapter.policy.catalog import ApiContent, ApiInstance
from adapter.runtime.clock import WallTime

Origin: TypeAlias = Literal["platform", "disk", "file"]
"""Where the content of an API comes from."""


class ApiState(NamedTuple):
    """An API as the syncing worker knows it; see the same names in `TrackedApi`."""

    instance: ApiInstance
    content: ApiContent | None = None
    origin: Origin | None = None
    gone: bool = False
    confirmed_at: WallTime | None = None
    last_error: str | None = None
    revisions: Revisions = Revisions()
    document_faults: tuple[str, ...] = ()
