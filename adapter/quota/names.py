"""Names of quota windows that may leave this process.

A window's key holds the ids of an API, a policy and a contract, or what a key selector found: a
header's value, perhaps a credential. So what is written to a file or sent to a server is a digest
(BLAKE2b, RFC 7693, cut to 16 bytes), keyed with a secret where the operator gives one: without,
whoever reads the digests could try out guesses of short values.
"""

import hashlib
from typing import Final

NAME_BYTES: Final = 16


class WindowNames:
    """Makes digests of keys; equal secrets make equal names, in every process and Python."""

    def __init__(self, secret: bytes = b"") -> None:
        key = hashlib.blake2b(secret).digest() if secret else b""
        self._keyed = hashlib.blake2b(key=key, digest_size=NAME_BYTES)

    def name(self, key: object) -> bytes:
        """The name of a key, which is made of strings, numbers and tuples.

        Through `ascii`, because it tells ("a", "b") from ("ab",), takes any text and depends on no
        version of Unicode.
        """
        digest = self._keyed.copy()
        digest.update(ascii(key).encode("ascii"))
        return digest.digest()
