"""Environment files, and what an apply changes."""

from typing_extensions import TypedDict

from control_plane.management.environment_file.changes import Change
from control_plane.protocol.shapes.parts import Kept


class EnvironmentFile(TypedDict, total=False):
    """An environment file. Empty lists are left out."""

    version: int
    apis: list[Kept]
    applications: list[Kept]
    automatedPolicies: list[Kept]


class Comparison(TypedDict):
    """What a file changes, and what is probably not meant."""

    changes: list[Change]
    warnings: list[str]
