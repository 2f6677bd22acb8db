"""`python -m adapter` is the command `policy-adapter`."""

from adapter.cli import main

main()
