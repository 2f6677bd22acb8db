"""Types of path parameters."""

from typing import Annotated

from fastapi import Path

from control_plane.store.tables import MAX_ID

RowId = Annotated[int, Path(ge=1, le=MAX_ID)]
EnvironmentId = Annotated[str, Path(max_length=100, pattern=r"^[^\x00]+$")]
