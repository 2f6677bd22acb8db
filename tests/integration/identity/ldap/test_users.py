"""Who an LDAP server knows, and who only pretends to be known."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapter.errors import ProviderError
from adapter.policy.effects.user import Verification
from tests.integration.identity.ldap.asking import directory, request, users, verified
from tests.rig.slapd import PEOPLE, SUFFIX, Slapd

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_user_with_the_right_password_is_recognised(slapd: Slapd) -> None:
    """By the name that the server has, whatever the client's spelling."""
    async with users(allow_plain_ldap=True) as asked:
        for spelling in ("alice", "ALICE", " alice "):
            assert await verified(asked, directory(slapd.port), spelling) == Verification("alice")


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("alice", "wrong"),
        ("alice", "pä:ss wörd "),
        ("nobody", "pä:ss wörd"),
        ("*", "pä:ss wörd"),
        ("ali*", "pä:ss wörd"),
        ("alice)(uid=*", "pä:ss wörd"),
        ("*)(uid=*))(|(uid=*", "pä:ss wörd"),
        ("alice)(&", "pä:ss wörd"),
        ("alice\\", "pä:ss wörd"),
        ("\\61lice", "pä:ss wörd"),
        ("alice\x00", "pä:ss wörd"),
        ("alice\x00)(uid=*", "pä:ss wörd"),
        ("{0}", "pä:ss wörd"),
        ("a" * 3_000, "pä:ss wörd"),
        ("twin", "pä:ss wörd"),
        ("deep", "pä:ss wörd"),
        ("locked", "pä:ss wörd"),
        ("moved", "pä:ss wörd"),
    ],
)
async def test_nobody_else_is_recognised(slapd: Slapd, name: str, password: str) -> None:
    """Wrong passwords, injected filters, ambiguous names, entries elsewhere or without password."""
    async with users(allow_plain_ldap=True) as asked:
        answer = await verified(asked, directory(slapd.port), name, password)
        assert answer.principal == ""
        assert answer.refusal


@given(
    st.text(max_size=20).map(lambda text: f"alice{text}") | st.text("*()\\|&!=~<>:0{} ", max_size=9)
)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
async def test_no_name_changes_the_filter(slapd: Slapd, name: str) -> None:
    """Only a name that the server itself takes for `alice` finds her."""
    async with users(allow_plain_ldap=True) as asked:
        name = name.encode("utf-8", "replace").decode()
        answer = await verified(asked, directory(slapd.port), name)
        assert answer.principal in {"", "alice"}
        if answer.principal:
            assert "alice" in name.lower()


async def test_a_name_of_filter_characters_is_found_as_it_is(slapd: Slapd) -> None:
    """A user may be called like an attack."""
    async with users(allow_plain_ldap=True) as asked:
        odd = "*)(uid=\\,\\"
        assert await verified(asked, directory(slapd.port), odd) == Verification(odd)


async def test_an_empty_password_never_reaches_the_server(slapd: Slapd) -> None:
    """The server would accept it (RFC 4513, 5.1.2)."""
    async with users(allow_plain_ldap=True) as asked:
        with pytest.raises(ValueError, match="needs a DN and a password"):
            await verified(asked, directory(slapd.port), "alice", "")


async def test_the_scope_decides_how_deep_users_may_be(slapd: Slapd) -> None:
    """Directly below the base, or anywhere below it."""
    async with users(allow_plain_ldap=True) as asked:
        deep = directory(slapd.port, in_subtree=True)
        assert await verified(asked, deep, "deep") == Verification("deep")
        assert (await verified(asked, directory(slapd.port), "deep")).principal == ""


async def test_any_filter_of_the_admins_is_used(slapd: Slapd) -> None:
    """Several places for the name, substrings, other attributes."""
    async with users(allow_plain_ldap=True) as asked:
        for text, name, principal in (
            ("(&(objectClass=person)(|(uid={0})(mail={0})))", "alice@example.test", "alice"),
            ("(mail={0}@example.test)", "one", "one@example.test"),
            ("(mail={0}@*)", "two", "two@example.test"),
            ("(&(uid={0})(!(cn=A user)))", "alice", ""),
            ("(uid:caseExactMatch:={0})", "ALICE", ""),
        ):
            where = directory(slapd.port, search_filter=text)
            assert (await verified(asked, where, name)).principal == principal


@pytest.mark.parametrize(
    ("base", "refusal"),
    [
        (f"ou=nowhere,{SUFFIX}", "result code 32"),
        (f"ou=elsewhere,{SUFFIX}", "result code 10"),
        ("no dn", "result code 34"),
        (f"uid=alice,{PEOPLE}", "no entry matches"),
    ],
)
async def test_a_base_without_users_finds_nobody_and_says_so(
    slapd: Slapd, base: str, refusal: str
) -> None:
    """Missing, or referred to another server: referrals are not followed."""
    async with users(allow_plain_ldap=True) as asked:
        answer = await verified(asked, directory(slapd.port, base=base), "alice")
        assert refusal in answer.refusal


async def test_a_wrong_account_is_no_answer(slapd: Slapd) -> None:
    """The server cannot be asked, so nobody is allowed or denied; the account is named."""
    async with users(allow_plain_ldap=True) as asked:
        for where in (
            directory(slapd.port, password="wrong"),
            directory(slapd.port, dn=f"cn=other,{SUFFIX}"),
            directory(slapd.port, dn="no dn"),
        ):
            with pytest.raises(ProviderError, match="account"):
                await verified(asked, where, "alice")


async def test_an_account_that_was_refused_is_not_tried_by_each_request(slapd: Slapd) -> None:
    """Servers lock an account after a few wrong passwords."""
    async with users(allow_plain_ldap=True) as asked:
        wrong = directory(slapd.port, password="wrong")
        with pytest.raises(ProviderError, match="result code 49"):
            await verified(asked, wrong, "alice")
        with pytest.raises(ProviderError, match="less than 10 s ago"):
            await verified(asked, wrong, "bob")


async def test_searches_never_run_with_a_users_rights(slapd: Slapd) -> None:
    """After a user was authenticated, and after one was refused, others are still found."""
    async with users(allow_plain_ldap=True, ldap_remember_s=0) as asked:
        where = directory(slapd.port, in_subtree=True)
        for name in ("alice", "deep"):
            assert (await verified(asked, where, name, "wrong")).refusal
            for known in ("alice", "deep"):
                assert await verified(asked, where, known) == Verification(known)


async def test_requests_do_not_show_passwords(slapd: Slapd) -> None:
    """In logs and debuggers."""
    shown = repr(request(directory(slapd.port), "alice"))
    assert "pä:ss" not in shown
    assert "of-the-adapter" not in shown
