"""Secrets that are planted in a run, and searched for in everything that the run leaves."""

import base64
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote


class Canaries:
    """Secrets by name."""

    def __init__(self) -> None:
        self.secrets: dict[str, str] = {}

    def plant(self, name: str) -> str:
        """A secret that occurs nowhere else; the same one each time."""
        return self.secrets.get(name) or self.keep(
            name, f"{name}-{secrets.token_hex(12)}".replace(" ", "-")
        )

    def keep(self, name: str, secret: str) -> str:
        """Look for this secret too, which a program has made."""
        assert len(secret) >= 16, f"{name} is too short to be told from other text"
        self.secrets[name] = secret
        return secret

    def found_in(self, places: Mapping[str, bytes]) -> list[str]:
        """`secret in place` for each secret that is in a place, in clear or in base64."""
        return sorted(
            f"{name} in {place}"
            for name, secret in self.secrets.items()
            for place, content in places.items()
            if any(form in content for form in forms(secret))
        )


def forms(secret: str) -> Iterator[bytes]:
    """The ways in which the secret can be read without a key."""
    octets = secret.encode()
    yield octets
    yield quote(secret, safe="").encode()
    for before in range(3):  # Base64 reads three bytes at a time, from anywhere in a longer text.
        encoded = base64.b64encode(b"\0" * before + octets)
        middle = encoded[4 if before else 0 : len(encoded) // 4 * 4 - 4]
        yield middle
        yield middle.translate(bytes.maketrans(b"+/", b"-_"))


def files(directory: Path, *patterns: str) -> dict[str, bytes]:
    """The contents of all files below the directory that match one of the patterns."""
    found = {path for pattern in patterns for path in directory.rglob(pattern) if path.is_file()}
    return {str(path.relative_to(directory)): path.read_bytes() for path in found}
