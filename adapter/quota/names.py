"""Names of quota windows for files and servers.

The key of a window contains the ids of an API, a policy and a contract, or what a key selector
found: the value of a header, perhaps a credential. So files and servers get a digest of the key
(BLAKE2b, RFC 7693, cut to 16 bytes). The operator may set a secret for it. Without a secret, a
reader of the digests could guess short values and compare.
"""

import hashlib
from typing import Final

NAME_BYTES: Final = 16


class WindowNames:
    """Makes digests of keys. Equal secrets make equal names, in every process and every Python."""

    def __init__(self, secret: bytes = b"") -> None:
        key = hashlib.blake2b(secret).digest() if secret else b""
        self._keyed = hashlib.blake2b(key=key, digest_size=NAME_BYTES)

    def name(self, key: object) -> bytes:
        """The name of a key, which consists of strings, numbers and tuples.

        The digest is taken of `ascii(key)`. It differs for ("a", "b") and ("ab",), works for any
        text, and does not depend on a version of Unicode.
        """
        digest = self._keyed.copy()
        digest.update(ascii(key).encode("ascii"))
        return digest.digest()
