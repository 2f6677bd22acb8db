"""The examples of RFC 7515 (appendix A), RFC 7520 (section 4) and RFC 8037 (appendix A)."""

import json
from pathlib import Path
from typing import Any, Final

import pytest

from adapter.policy.tokens.faults import TokenFault
from adapter.policy.tokens.jwk import read_key
from adapter.policy.tokens.jws import read_token, verify
from adapter.policy.tokens.keys import KeySet

EXAMPLES: Final[dict[str, dict[str, Any]]] = json.loads(
    Path(__file__).with_name("rfc_examples.json").read_text()
)
ALL = frozenset({"RS256", "PS384", "ES256", "ES512", "HS256", "EdDSA"})


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_signature_of_an_rfc_is_verified(name: str) -> None:
    """What others sign by the RFCs is accepted, with the algorithm that was configured only."""
    example = EXAMPLES[name]
    keys = KeySet([read_key(example["key"])])
    token = read_token(example["token"], {example["algorithm"]})
    verify(token, keys)
    with pytest.raises(TokenFault):
        read_token(example["token"], ALL - {example["algorithm"]})


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_changed_signature_of_an_rfc_is_refused(name: str) -> None:
    """One other bit in the message, or in the signature, and it is not verified."""
    example = EXAMPLES[name]
    keys = KeySet([read_key(example["key"])])
    token = read_token(example["token"], {example["algorithm"]})
    changed_message = token._replace(message=bytes([token.message[0] ^ 1]) + token.message[1:])
    changed_signature = token._replace(signature=_flipped(token.signature))
    for changed in (changed_message, changed_signature):
        with pytest.raises(TokenFault):
            verify(changed, keys)


def _flipped(octets: bytes) -> bytes:
    middle = len(octets) // 2
    return octets[:middle] + bytes([octets[middle] ^ 1]) + octets[middle + 1 :]
