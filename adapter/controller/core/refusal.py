"""Why an ApiBinding is not accepted. The reasons never change, because programs read them, too."""

from typing import Final, NamedTuple

from adapter.errors import AdapterError

INVALID: Final = "Invalid"
TARGET_NOT_FOUND: Final = "TargetNotFound"
UNSUPPORTED_TARGET: Final = "UnsupportedTarget"
OTHER_MESH: Final = "OtherMesh"
"""Perhaps the controller of another mesh accepts it."""
CONFLICTED: Final = "Conflicted"
API_NOT_FOUND: Final = "ApiNotFound"
PLATFORM_UNAVAILABLE: Final = "PlatformUnavailable"


class Refusal(NamedTuple):
    """Why an ApiBinding is not accepted."""

    reason: str
    message: str


class RefusedError(AdapterError):
    """An ApiBinding cannot be accepted. The message names what is wrong, and the fix."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
