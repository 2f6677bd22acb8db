"""The command `policy-adapter`, which is also `python -m adapter`."""

import signal
import sys

from adapter.runtime import garbage


def main() -> None:
    """Run what was typed."""
    if sys.argv[1:2] in (["serve"], ["worker"]):
        # SIGHUP means "reload" to an adapter, and must not end one that is still starting.
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    # What imports make stays: to look through it meanwhile would take a fifth of their time.
    with garbage.nothing_to_collect():
        from adapter import cli  # noqa: PLC0415
    cli.main()


if __name__ == "__main__":
    main()
