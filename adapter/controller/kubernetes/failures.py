"""Requests that the API server did not do."""

from typing import Final

from adapter.errors import AdapterError

CONFLICT: Final = 409
NOT_FOUND: Final = 404
EXPIRED: Final = 410


class ApiServerError(AdapterError):
    """`status` is that of the answer; 0 if there was no usable one."""

    def __init__(self, message: str, status: int = 0, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after_s = retry_after_s
