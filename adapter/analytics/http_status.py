# mypyc: compiled
"""The HTTP status that an event reports, which is not always the one that Envoy logs."""

from typing import Final

from adapter.analytics.entry.entry import Entry

CLIENT_CLOSED_REQUEST: Final = 499
"""The usual status for a client that left before the response. Envoy logs 0."""

_STATUS_BY_GRPC: Final = (
    200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401
)  # fmt: skip
_STATUS_OF_GRPC: Final = {str(n).encode(): status for n, status in enumerate(_STATUS_BY_GRPC)}
"""The HTTP status for each gRPC status (comments of google/rpc/code.proto)."""


def http_status(entry: Entry, refused_with: int) -> int:
    """The status of an HTTP request.

    `refused_with` is the status that the adapter refused it with, or 0. Envoy sends and logs 200
    when it refuses a request with gRPC's content type, whatever its method.

    Envoy also logs 200 for every response of a gRPC service. The real status is in `grpc-status`,
    if the operator logs that header and trailer; a response without a body has it in the headers.
    Otherwise a refused request counts as 403.
    """
    status = entry.response_code
    if status == 0:
        return CLIENT_CLOSED_REQUEST
    if entry.refused and refused_with:
        return refused_with
    if status != 200:
        return status
    grpc_status = entry.grpc_status
    if grpc_status is not None:
        return _STATUS_OF_GRPC.get(grpc_status, 500)
    return 403 if entry.refused else status
