"""The documents that an operator applies, and their text."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import yaml

from adapter.envoy_config.mesh.notes import NOTES
from adapter.envoy_config.notes import annotated, comment
from adapter.envoy_config.parts.tree import Tree

SETTINGS_FILE: Final = "adapter-settings.yaml"
MESH_CONFIG_FILE: Final = "mesh-config.yaml"
OBJECTS_FILE: Final = "objects.yaml"
FILES: Final = (SETTINGS_FILE, MESH_CONFIG_FILE, OBJECTS_FILE)
"""In the order in which they are applied: the adapter knows an API before Envoys ask about it."""


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML document."""

    head: str
    """What it is for, and what to do with it."""
    content: Tree
    file: str = OBJECTS_FILE
    """Which of `FILES` it belongs to."""


class _Dumper(yaml.SafeDumper):
    """Writes equal parts again, in place of references to the first one, which people misread."""

    def ignore_aliases(self, _: Any) -> bool:
        """See the base class."""
        return True


def text_of(documents: Iterable[Document]) -> str:
    """The documents as one YAML stream, with a comment above each choice."""
    written: set[str] = set()
    texts = []
    for document in documents:
        content = yaml.dump(document.content, Dumper=_Dumper, sort_keys=False, width=100)
        texts.append(f"{comment(document.head)}{annotated(content, written, NOTES)}")
    return "---\n".join(texts)
