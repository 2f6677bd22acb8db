"""What the container image gives to the programs in it."""

import re
from pathlib import Path
from typing import Final

DOCKERFILE: Final = (Path(__file__).parents[2] / "Dockerfile").read_text()
_FINAL_STAGE: Final = DOCKERFILE.rpartition("\nFROM ")[2]
IMAGE: Final[dict[str, str]] = dict(re.findall(r"(POLICY_ADAPTER_[A-Z_]+)=(\S+)", _FINAL_STAGE))
"""Its environment variables."""
