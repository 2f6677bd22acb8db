"""The command `policy-adapter`, which is also `python -m adapter`."""

from adapter.runtime import garbage


def main() -> None:
    """Run what was typed."""
    # What imports make stays: to look through it meanwhile would take a fifth of their time.
    with garbage.nothing_to_collect():
        from adapter import cli  # noqa: PLC0415
    cli.main()


if __name__ == "__main__":
    main()
