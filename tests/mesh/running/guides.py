"""The parts of the guides for meshes that someone adds to what is rendered."""

import re
from pathlib import Path
from typing import Any

import yaml

_GUIDES = Path(__file__).parents[3] / "docs" / "mesh"


def parts_of(guide: str) -> list[Any]:
    """The blocks of the guide that are marked as YAML, with a sample of all requests."""
    text = (_GUIDES / guide).read_text()
    blocks = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    whole = re.compile(r"(samplingRate|randomSamplingPercentage): 1\n")
    return [yaml.safe_load(whole.sub(r"\1: 100\n", block)) for block in blocks]
