"""Reads YAML without guessing types: a scalar is the text that was written, or null.

YAML itself would read the id `0123` as the number 83, the id `2024-01-01` as a date, and the mode
`0660` as 432. The type of each setting decides what its text means, as for environment variables.
"""

from typing import Any

import yaml


class _TextLoader(yaml.SafeLoader):
    """Resolves null and merge keys only. A key that occurs twice is an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """See the base class."""
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"{key.value} occurs twice in one group", key.start_mark
                )
            seen.add(str(key.value))
        return super().construct_mapping(node, deep)


_TextLoader.yaml_implicit_resolvers = {
    first: kept
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    if (kept := [r for r in resolvers if r[0].rpartition(":")[2] in {"null", "merge"}])
}


def read_yaml_text(text: str) -> Any:
    """The content of a YAML text; raises YAMLError."""
    return yaml.load(text, _TextLoader)  # noqa: S506 - the loader derives from SafeLoader


def read_yaml_texts(text: str) -> list[Any]:
    """The contents of all documents of a YAML stream; raises YAMLError."""
    return list(yaml.load_all(text, _TextLoader))
