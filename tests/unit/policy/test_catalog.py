"""Hashed secrets."""

import base64
import hashlib
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.policy.contracts.contract import Contract
from adapter.policy.contracts.hashed_secret import HashedSecret, SecretForm
from tests.builders import contract

SECRET_SALT = hashlib.sha256(b"secretsalt")
SALT_SECRET = hashlib.sha256(b"saltsecret")


@pytest.mark.parametrize(
    ("form", "digest", "matches"),
    [
        ("secret+salt", SECRET_SALT, True),
        ("secret+salt", SALT_SECRET, False),
        ("salt+secret", SALT_SECRET, True),
        ("salt+secret", SECRET_SALT, False),
        ("auto", SECRET_SALT, True),
        ("auto", SALT_SECRET, True),
    ],
)
def test_the_configured_concatenation_counts(
    form: SecretForm, digest: "hashlib._Hash", *, matches: bool
) -> None:
    """The platform's way is not public; `auto` takes both."""
    hashed = HashedSecret.parse(digest.hexdigest(), "salt", form)
    assert hashed.matches("secret") is matches
    assert not hashed.matches("other")


def test_digests_come_in_hexadecimal_or_base64() -> None:
    """Either encoding of a digest is read."""
    for text in (
        SECRET_SALT.hexdigest(),
        SECRET_SALT.hexdigest().upper(),
        base64.b64encode(SECRET_SALT.digest()).decode(),
    ):
        assert HashedSecret.parse(text, "salt", "auto").matches("secret")


@pytest.mark.parametrize(
    "text", ["", "abc", "zz" * 32, "00" * 31, "é", base64.b64encode(b"x").decode()]
)
def test_what_is_no_digest_is_refused_without_being_shown(text: str) -> None:
    """One odd secret closes one contract, and stays out of the log."""
    with pytest.raises(ValueError, match="not SHA-256 in hexadecimal or base64"):
        HashedSecret.parse(text, "salt", "auto")


@given(st.text() | st.text(st.sampled_from("a\ud800\udfff")))
def test_no_secret_makes_matching_raise(secret: str) -> None:
    """Whatever a client sends as secret is right or wrong, lone surrogates included."""
    hashed = HashedSecret.parse(SECRET_SALT.hexdigest(), "salt", "auto")
    assert hashed.matches(secret) is (secret == "secret")


@given(st.lists(st.text() | st.sampled_from(["", "secret", "secret "])))
def test_a_secret_that_matched_opens_no_door_to_another(given_secrets: list[str]) -> None:
    """Whatever came before, the right one proves again and again, and nothing else does."""
    agreed = contract("c1", secret="secret")
    for secret in (*given_secrets, "secret", *given_secrets, "secret"):
        assert agreed.is_proven_by(secret) is (secret == "secret")


@given(st.lists(st.text() | st.sampled_from(["old", "new", "newold"])))
def test_both_secrets_work_in_an_overlap_and_no_other(given_secrets: list[str]) -> None:
    """Clients may send the old secret and the new one in any order, and nothing else."""
    rotated = contract("c1", secret="new", previous="old")
    for secret in (*given_secrets, "old", "new", *given_secrets, "old"):
        assert rotated.is_proven_by(secret) is (secret in {"old", "new"})


def test_the_old_secret_ends_with_the_overlap() -> None:
    """The contract without it is another one, so nothing remembers the old secret."""
    rotated, ended = contract("c1", secret="new", previous="old"), contract("c1", secret="new")
    assert rotated.is_proven_by("old")
    assert rotated != ended
    assert not ended.is_proven_by("old")
    assert ended.is_proven_by("new")


def test_representations_show_nothing() -> None:
    """Not even the hash is logged."""
    secret = HashedSecret.of(bytes(32), b"salt")
    assert {repr(secret), str(secret), f"{secret}"} == {"HashedSecret(form='auto')"}


DIGESTS = st.binary(min_size=32, max_size=32)


@given(DIGESTS, st.binary(), st.sampled_from(get_args(SecretForm)), st.just(b"") | DIGESTS)
def test_parts_of_a_secret_can_be_had_again(
    digest: bytes, salt: bytes, form: SecretForm, previous: bytes
) -> None:
    """The disk copy holds the same secret as the platform gave."""
    secret = HashedSecret.of(digest, salt, form, previous)
    parts = (secret.digest, secret.salt, secret.form, secret.previous)
    assert parts == (digest, salt, form, previous)


TEXTS = st.text() | st.text(st.sampled_from("aé\U0001f600\ud800"), max_size=3)


@given(TEXTS, TEXTS, TEXTS)
def test_texts_of_a_contract_can_be_had_again(contract_id: str, client_id: str, name: str) -> None:
    """They are kept in one piece, whatever characters they are made of."""
    agreed = Contract(contract_id, client_id, name)
    assert (agreed.contract_id, agreed.client_id, agreed.client_name) == (
        contract_id,
        client_id,
        name,
    )
    assert agreed == Contract(contract_id, client_id, name)


@given(TEXTS, TEXTS, TEXTS)
def test_a_contract_knows_its_client_and_no_other(
    contract_id: str, client_id: str, other: str
) -> None:
    """Not even one whose id has the same beginning, or continues the contract's id."""
    agreed = Contract(contract_id, client_id)
    for asked in (client_id, other, client_id + contract_id, client_id[:-1]):
        assert agreed.is_of(asked, hash(asked)) is (asked == client_id)
        assert agreed.is_of(asked, hash(client_id)) is (asked == client_id)


def test_what_a_contract_remembers_is_not_part_of_it() -> None:
    """A contract that the platform tells again is the same, whatever came meanwhile."""
    used, fresh = contract("c1", secret="secret"), contract("c1", secret="secret")
    assert used.is_proven_by("secret")
    used.counter = object()
    assert used == fresh
    assert hash(used) == hash(fresh)
    assert repr(used) == repr(fresh)
