"""Seals secrets that we have to read again, such as the ones that webhooks are signed with.

The key is in a file of its own, so that nobody who has only the database or its backup can read
them. Other secrets are stored as hashes and need no key.
"""

from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from control_plane.errors import Conflict, ControlPlaneError
from control_plane.store.private_file import new_private_file


class BrokenSealError(ControlPlaneError):
    """A secret can't be read: it was sealed with another key."""


class Seal:
    """Seals and opens texts with the key of a file."""

    def __init__(self, key_file: Path | None) -> None:
        """`key_file` is made when it is first needed. Without one, nothing can be sealed."""
        self._key_file = key_file

    def close(self, text: str) -> str:
        """The text, encrypted and authenticated; raise Conflict if there is no key file."""
        if self._key_file is None:
            raise Conflict("webhooks need a key file: set POLICY_CONTROL_PLANE_SEAL_KEY_FILE")
        if not self._key_file.exists():
            self._make(self._key_file)
        return self._cipher(self._key_file).encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str:
        """The text that was sealed; raise BrokenSealError if it can't be read."""
        if self._key_file is None or not self._key_file.exists():
            raise BrokenSealError("the key file of the webhook's secret is missing")
        try:
            return self._cipher(self._key_file).decrypt(sealed.encode()).decode()
        except InvalidToken as error:
            raise BrokenSealError(
                "the webhook was sealed with another key file; give its URL again"
            ) from error

    def _make(self, path: Path) -> None:
        try:
            with new_private_file(path) as draft:
                draft.write_bytes(Fernet.generate_key())
        except FileExistsError:
            # Another process was faster. Its key is as good.
            return
        except OSError as error:
            raise Conflict(f"the key file {path} can't be written: {error.strerror}") from error

    def _cipher(self, path: Path) -> Fernet:
        try:
            return Fernet(path.read_bytes().strip())
        except (OSError, ValueError) as error:
            raise BrokenSealError(f"the key file {path} can't be used: {error}") from error
