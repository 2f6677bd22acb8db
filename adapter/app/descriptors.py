"""How many connections of Envoys fit into the system's limit of open files."""

from typing import Final

import structlog

from adapter.transport.descriptors import descriptors_for

_RESERVED: Final = 128
"""For the operators' listeners, which take 64 at most, the platform, the quota store and files."""
_FEWEST: Final = 16


def connections_within_descriptors(wanted: int) -> int:
    """As many of the wanted connections as can be open beside everything else.

    So that gRPC refuses a connection too many, and not the platform's client or a file. Raises the
    soft limit where it has to; warns where the hard limit is too low.
    """
    needed = wanted + _RESERVED
    limit = descriptors_for(needed)
    if limit >= needed:
        return wanted
    fitting = max(_FEWEST, limit - _RESERVED)
    structlog.get_logger().warning(
        "descriptors.too_few",
        limit=limit,
        needed=needed,
        connections=fitting,
        fix="raise the hard limit of open files (ulimit -Hn, LimitNOFILE=, --ulimit nofile=), "
        "or lower listener.max_connections",
    )
    return fitting
