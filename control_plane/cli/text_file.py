"""Reads a text file that an option names."""

from pathlib import Path

from control_plane.errors import ControlPlaneError


def read_text(file: Path, most_bytes: int) -> str:
    """The text; raise ControlPlaneError if it is too long or not UTF-8, and OSError."""
    with file.open("rb") as opened:
        content = opened.read(most_bytes + 1)
    if len(content) > most_bytes:
        raise ControlPlaneError(f"{file}: is over {most_bytes >> 20} MiB")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ControlPlaneError(f"{file}: is not UTF-8 at byte {error.start}") from error
