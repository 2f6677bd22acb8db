"""A file that is encrypted, detects changes, and is replaced in one step.

The file consists of a magic line, a salt, a nonce, the ciphertext and the tag. The key is derived
from a secret (HKDF with SHA-256, RFC 5869, a new salt for every file). The cipher is AES-256-GCM
(NIST SP 800-38D), which also detects changes. The file tells nothing to those who lack the secret.
"""

import os
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import GCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from adapter.runtime.system_errors import system_words

_SALT_BYTES: Final = 16
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16


class SealedFile:
    """Reads and writes the file. Both block, so call them in a thread.

    `magic` names the kind of the content and its version. Files of another kind have another key,
    so one cannot be put in the place of the other.
    """

    def __init__(self, path: Path, secret: str, magic: bytes) -> None:
        self.path: Final = path
        self._secret = secret.encode()
        self._magic = magic
        self._header_bytes = len(magic) + _SALT_BYTES + _NONCE_BYTES

    def read(self) -> bytes:
        """Return the content.

        Raises OSError if there is no file or it cannot be read, and ValueError if it is not a file
        of this kind, is damaged, or was written with another secret.
        """
        content = self.path.read_bytes()
        header, tag = content[: self._header_bytes], content[-_TAG_BYTES:]
        if not header.startswith(self._magic) or len(content) < self._header_bytes + _TAG_BYTES:
            raise ValueError("it is not a file of this kind and version")
        decryptor = Cipher(AES256(self._key(header)), GCM(header[-_NONCE_BYTES:], tag)).decryptor()
        decryptor.authenticate_additional_data(header)
        try:
            # A view, not a copy, because the content may be very long.
            ciphertext = memoryview(content)[self._header_bytes : -_TAG_BYTES]
            return decryptor.update(ciphertext) + decryptor.finalize()
        except InvalidTag:
            raise ValueError("it is damaged, or was written with another client secret") from None

    def write(self, pieces: Iterable[bytes], rest: Callable[[float], object] | None = None) -> int:
        """Replace the file by one with these pieces; return its size in bytes. Raises OSError.

        `rest` is called after each piece, with the seconds of processor time that the piece took.
        """
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        unfinished = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        try:
            size = self._write_to(unfinished, pieces, rest)
            unfinished.replace(self.path)
        except OSError:
            with suppress(OSError):
                unfinished.unlink()
            raise
        _sync_directory(self.path.parent)
        return size

    def set_aside(self, now: float) -> str:
        """Rename a file that cannot be used; return what was done, for operators."""
        aside = self.path.with_name(f"{self.path.name}.rejected-{int(now)}")
        try:
            self.path.replace(aside)
        except OSError as e:
            return f"it cannot be set aside either: {system_words(e)}"
        return f"set aside as {aside.name}"

    def _write_to(
        self, path: Path, pieces: Iterable[bytes], rest: Callable[[float], object] | None
    ) -> int:
        header = self._magic + os.urandom(_SALT_BYTES + _NONCE_BYTES)
        encryptor = Cipher(AES256(self._key(header)), GCM(header[-_NONCE_BYTES:])).encryptor()
        encryptor.authenticate_additional_data(header)
        path.unlink(missing_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(header)
            worked_s = time.thread_time()
            for piece in pieces:
                file.write(encryptor.update(piece))
                if rest is not None:
                    rest(time.thread_time() - worked_s)
                    worked_s = time.thread_time()
            encryptor.finalize()
            file.write(encryptor.tag)
            file.flush()
            os.fsync(file.fileno())
            return file.tell()

    def _key(self, header: bytes) -> bytes:
        salt = header[len(self._magic) : len(self._magic) + _SALT_BYTES]
        return HKDF(SHA256(), length=32, salt=salt, info=self._magic).derive(self._secret)


def _sync_directory(path: Path) -> None:
    """Make sure that the rename survives a power failure."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
