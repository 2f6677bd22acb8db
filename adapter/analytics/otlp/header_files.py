"""Headers whose values are in files, because they are secrets."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from adapter.runtime.system_errors import system_words

_VALUE: Final = re.compile(r"[!-~](?:[ -~\t]*[!-~])?")


def read_headers(files: Mapping[str, Path]) -> dict[str, str]:
    """Read each header's value, without blanks around it.

    Raises ValueError with the file and the fix. The message does not contain the value.
    """
    return {name.lower(): _value(file) for name, file in files.items()}


def _value(file: Path) -> str:
    try:
        text = file.read_text("ascii").strip()
    except OSError as e:
        raise ValueError(f"cannot read {file}: {system_words(e)}") from None
    except UnicodeDecodeError:
        text = ""
    if not _VALUE.fullmatch(text):
        raise ValueError(f"{file} must contain one line of ASCII characters, the header's value")
    return text
