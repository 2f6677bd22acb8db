"""The system's limit of open files and connections of this process."""

import resource


def descriptors_for(wanted: int) -> int:
    """Raise the soft limit to `wanted`, as far as the hard limit allows.

    Returns the resulting limit.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return wanted if soft == resource.RLIM_INFINITY else soft
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    except (OSError, ValueError):  # macOS has a lower limit than the hard one it reports
        return soft
    return most
