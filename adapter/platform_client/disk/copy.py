"""The catalog on disk, encrypted, so that a restarted adapter can serve without the platform.

The file consists of `MAGIC`, a salt, a nonce, the ciphertext and the tag. The key is derived from
the gateway's client secret (HKDF with SHA-256, RFC 5869, a new salt for every file). The cipher is
AES-256-GCM (NIST SP 800-38D), which also detects changes. The file tells nothing to those who lack
the secret, and those who have it can ask the platform.
"""

import os
import threading
import time
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import GCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from adapter.platform_client.disk.format import StoredCatalog, decode, encode
from adapter.runtime.clock import Clock
from adapter.runtime.fairness import rest_after

MAGIC: Final = b"envoy-policy-adapter catalog 1\n"
_SALT_BYTES: Final = 16
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_SHARE: Final = 0.1
"""The part of a core that a slow write takes."""
_HEADER_BYTES: Final = len(MAGIC) + _SALT_BYTES + _NONCE_BYTES


class DiskCopyFound(NamedTuple):
    """What was on disk: a catalog, nothing, or something unusable."""

    catalog: StoredCatalog | None = None
    alarm: str | None = None
    """Why it could not be used."""


class DiskCopy:
    """Reads and writes the file. Both block, so call them in a thread."""

    def __init__(self, path: Path, secret: str, environment: str, clock: Clock) -> None:
        self._path = path
        self._secret = secret.encode()
        self._environment = environment
        self._clock = clock
        self._writing = threading.Lock()
        self._hurry = threading.Event()

    def read(self) -> DiskCopyFound:
        """Return the catalog, if there is a good one. A file that cannot be used is renamed.

        Never raises because of what is on the disk.
        """
        try:
            content = self._path.read_bytes()
        except FileNotFoundError:
            return DiskCopyFound()
        except OSError as e:
            return DiskCopyFound(alarm=f"the disk copy {self._path} cannot be read: {e}")
        try:
            return DiskCopyFound(decode(BytesIO(self._decrypted(content)), self._environment))
        except ValueError as e:
            return DiskCopyFound(
                alarm=f"the disk copy {self._path} cannot be used: {e}; {self._set_aside()}"
            )

    def write(self, catalog: StoredCatalog, *, slowly: bool = False) -> int:
        """Replace the file in one step; return its size in bytes. Raises OSError.

        If `slowly`, it rests after each piece, because encoding keeps the interpreter's lock. The
        next write that is not `slowly` ends these rests.
        """
        if not slowly:
            self._hurry.set()
        with self._writing:
            if slowly:
                self._hurry.clear()
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            unfinished = self._path.with_name(f".{self._path.name}.{os.getpid()}")
            try:
                size = self._write_to(unfinished, catalog)
                unfinished.replace(self._path)
            except OSError:
                with suppress(OSError):
                    unfinished.unlink()
                raise
            _sync_directory(self._path.parent)
            return size

    def _write_to(self, path: Path, catalog: StoredCatalog) -> int:
        header = MAGIC + os.urandom(_SALT_BYTES + _NONCE_BYTES)
        encryptor = Cipher(AES256(self._key(header)), GCM(header[-_NONCE_BYTES:])).encryptor()
        encryptor.authenticate_additional_data(header)
        path.unlink(missing_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(header)
            worked_s = time.thread_time()
            for piece in encode(catalog, self._environment):
                file.write(encryptor.update(piece))
                self._hurry.wait(rest_after(time.thread_time() - worked_s, _SHARE))
                worked_s = time.thread_time()
            encryptor.finalize()
            file.write(encryptor.tag)
            file.flush()
            os.fsync(file.fileno())
            return file.tell()

    def _decrypted(self, content: bytes) -> bytes:
        header, tag = content[:_HEADER_BYTES], content[-_TAG_BYTES:]
        if not header.startswith(MAGIC) or len(content) < _HEADER_BYTES + _TAG_BYTES:
            raise ValueError("it is not a disk copy of this version")
        decryptor = Cipher(AES256(self._key(header)), GCM(header[-_NONCE_BYTES:], tag)).decryptor()
        decryptor.authenticate_additional_data(header)
        try:
            # A view, not a copy, because the content may be very long.
            ciphertext = memoryview(content)[_HEADER_BYTES:-_TAG_BYTES]
            return decryptor.update(ciphertext) + decryptor.finalize()
        except InvalidTag:
            raise ValueError("it is damaged, or was written with another client secret") from None

    def _key(self, header: bytes) -> bytes:
        salt = header[len(MAGIC) : len(MAGIC) + _SALT_BYTES]
        return HKDF(SHA256(), length=32, salt=salt, info=MAGIC).derive(self._secret)

    def _set_aside(self) -> str:
        aside = self._path.with_name(f"{self._path.name}.rejected-{int(self._clock.now())}")
        try:
            self._path.replace(aside)
        except OSError as e:
            return f"it cannot be set aside either: {e}"
        return f"set aside as {aside.name}"


def _sync_directory(path: Path) -> None:
    """Make sure that the rename survives a power failure."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
