"""How many files and connections the system lets this process have open at once."""

import resource


def descriptors_for(wanted: int) -> int:
    """Raise the soft limit so far that `wanted` can be open, if the hard one allows it.

    Gives the limit that is in force then.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return wanted if soft == resource.RLIM_INFINITY else soft
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    except (OSError, ValueError):  # macOS has a limit below the hard one that it tells
        return soft
    return most
