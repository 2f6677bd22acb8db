"""A client that binds its tokens to a key and proves that it has it (DPoP, RFC 9449)."""

import json
import time
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from adapter.policy.tokens.dpop import digest_of
from adapter.policy.tokens.thumbprint import thumbprint
from support.token_issuer import PrivateKey, compact, new_key, public_jwk, sign


class DpopClient:
    """Writes proofs with one key."""

    def __init__(self, algorithm: str = "ES256", key: PrivateKey | None = None) -> None:
        self.algorithm = algorithm
        self.key = key if key is not None else new_key(algorithm)

    @property
    def confirmation(self) -> Mapping[str, str]:
        """The claim `cnf` of its tokens."""
        return {"jkt": thumbprint(public_jwk(self.key))}

    def proof(
        self,
        method: str,
        url: str,
        token: str,
        claims: Mapping[str, Any] | bytes = b"",
        header: Mapping[str, Any] | None = None,
    ) -> str:
        """A new proof. `claims` and `header` replace members; None removes one.

        Claims in bytes are the whole payload.
        """
        head = {"typ": "dpop+jwt", "alg": self.algorithm, "jwk": public_jwk(self.key)}
        said = {
            "jti": str(uuid4()),
            "htm": method,
            "htu": url,
            "iat": int(time.time()),
            "ath": digest_of(token),
        }
        return compact(
            _json(head | dict(header or {})),
            claims if isinstance(claims, bytes) and claims else _json(said | dict(claims or {})),
            lambda message: sign(self.algorithm, self.key, message),
        )


def _json(members: Mapping[str, Any]) -> bytes:
    return json.dumps({k: v for k, v in members.items() if v is not None}).encode()
