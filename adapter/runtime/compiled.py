# mypyc: compiled
"""Whether the Check path is compiled: see docs/adr/0010-compiled-check-path.md."""

from typing import Final

COMPILED: Final = not __file__.endswith(".py")
"""True in a build by mypyc, False where the sources run as Python."""

BUILD: Final = "compiled" if COMPILED else "interpreted"
"""The word for it, in metrics and in what `--version` prints."""
