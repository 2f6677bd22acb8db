"""Why an ApiBinding is not accepted: reasons that stay, for people and programs."""

from typing import Final

from adapter.errors import AdapterError

INVALID: Final = "Invalid"
TARGET_NOT_FOUND: Final = "TargetNotFound"
UNSUPPORTED_TARGET: Final = "UnsupportedTarget"
CONFLICTED: Final = "Conflicted"
API_NOT_FOUND: Final = "ApiNotFound"
PLATFORM_UNAVAILABLE: Final = "PlatformUnavailable"


class RefusedError(AdapterError):
    """An ApiBinding cannot be accepted. The message names what is wrong, and the fix."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
