"""LDAP servers that answer nonsense: never is anybody let in by it."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sansldap import BindRequest, LDAPResultCode, LDAPServer, PartialAttribute, SearchRequest

from adapter.errors import ProviderError
from adapter.policy.effects.user import Verification
from tests.integration.identity.ldap.asking import directory, users, verified
from tests.integration.identity.ldap.scripted_server import scripted

pytestmark = pytest.mark.asyncio(loop_scope="session")

DN = "uid=alice,dc=test"


def finding(
    dn: str, then: Callable[[LDAPServer, Any], bytes | None], *values: bytes, entries: int = 1
) -> Callable[[LDAPServer, Any], bytes | None]:
    """A script that finds that entry, and answers everything else as told."""

    def script(session: LDAPServer, message: Any) -> bytes | None:
        if not isinstance(message, SearchRequest):
            return then(session, message)
        for _ in range(entries):
            attributes = [PartialAttribute("uid", list(values))]
            session.search_result_entry(message.message_id, dn, attributes)
        session.search_result_done(message.message_id)
        return None

    return script


def accepting(session: LDAPServer, message: Any) -> None:
    """Let everybody bind."""
    session.bind_response(message.message_id)


def binding(code: int) -> Callable[[LDAPServer, Any], None]:
    """Answer binds with that result code."""

    def script(session: LDAPServer, message: Any) -> None:
        session.bind_response(message.message_id, result_code=LDAPResultCode(code))

    return script


async def test_the_script_itself_lets_users_in() -> None:
    """What the other tests here change matters."""
    async with scripted(finding(DN, accepting, b"alice")) as port, plain_users() as asked:
        assert await verified(asked, directory(port), "ALICE") == Verification("alice")


def plain_users() -> Any:
    """Users of servers without TLS."""
    return users(allow_plain_ldap=True)


@pytest.mark.parametrize("code", [1, 2, 3, 8, 11, 13, 14, 51, 52, 80, 118, 4_096, 4_242, -1])
async def test_a_bind_that_neither_succeeds_nor_fails_is_no_answer(code: int) -> None:
    """Busy, or a result code that nobody knows."""
    async with scripted(finding(DN, binding(code))) as port, plain_users() as asked:
        with pytest.raises(ProviderError, match=f"result code {code}"):
            await verified(asked, directory(port), "alice")


@pytest.mark.parametrize("code", [10, 19, 32, 34, 48, 49, 50, 53])
async def test_a_refused_bind_is_a_refusal(code: int) -> None:
    """Wrong password, locked account and the like."""
    async with scripted(finding(DN, binding(code))) as port, plain_users() as asked:
        answer = await verified(asked, directory(port), "alice")
        assert answer == Verification("", f"the server refuses the bind with result code {code}")


async def test_an_entry_without_a_name_is_never_bound() -> None:
    """A bind without a name would succeed as nobody (RFC 4513, 5.1.1)."""
    async with scripted(finding("", accepting)) as port, plain_users() as asked:
        answer = await verified(asked, directory(port), "alice")
        assert answer == Verification("", "no entry matches the user name")


async def test_several_entries_are_nobody() -> None:
    """Although the search was limited, and whatever the password."""
    async with scripted(finding(DN, accepting, entries=3)) as port, plain_users() as asked:
        answer = await verified(asked, directory(port), "alice")
        assert answer == Verification("", "several entries match the user name")


@pytest.mark.parametrize(
    ("values", "principal"),
    [((), "Alice"), ((b"\xff",), "Alice"), ((b"b", b"a"), "a"), ((b"",), "Alice")],
)
async def test_the_principal_is_one_text(values: tuple[bytes, ...], principal: str) -> None:
    """The first of several names; what the client sent, if the server shows none."""
    async with scripted(finding(DN, accepting, *values)) as port, plain_users() as asked:
        assert (await verified(asked, directory(port), "Alice")).principal == principal


@pytest.mark.parametrize(
    "octets",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\x30\x84\xff\xff\xff\xff",
        b"\x30\x80\x02\x01\x01\x61\x07\x0a\x01\x00\x04\x00\x04\x00\x00\x00",
        b"\x30\x0c\x02\x01\x63\x61\x07\x0a\x01\x00\x04\x00\x04\x00",
        b"\x30\x05\x02\x01\x01\x42\x00",
        b"\x30\x0c\x02\x01\x01\x65\x07\x0a\x01\x00\x04\x00\x04\x00",
        b"\x30\x82\xff\xff" + b"x" * 70_000,
    ],
)
async def test_octets_that_are_no_answer_are_an_error(octets: bytes) -> None:
    """Another protocol, endless or huge messages, another message's id, another kind of answer."""
    script = finding(DN, lambda *_: octets)
    async with scripted(script) as port, users(allow_plain_ldap=True, ldap_timeout_s=0.5) as asked:
        with pytest.raises(ProviderError):
            await verified(asked, directory(port), "alice")


async def test_an_answer_beside_another_is_an_error() -> None:
    """A server that sends more than was asked for is out of step."""

    def twice(session: LDAPServer, message: BindRequest) -> bytes:
        session.bind_response(message.message_id, result_code=LDAPResultCode.SUCCESS)
        answer = session.data_to_send()
        return answer + answer

    async with scripted(finding(DN, twice)) as port, plain_users() as asked:
        with pytest.raises(ProviderError):
            await verified(asked, directory(port), "alice")


@given(st.binary(min_size=1, max_size=60), st.booleans())
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
async def test_random_octets_let_nobody_in(octets: bytes, is_framed: bool) -> None:
    """Nor do they raise anything but the error that operators know."""
    sent = b"\x30%c\x02\x01\x01%b" % (len(octets) + 3, octets) if is_framed else octets
    async with (
        scripted(finding(DN, lambda *_: sent)) as port,
        users(allow_plain_ldap=True, ldap_timeout_s=0.05) as asked,
    ):
        try:
            answer = await verified(asked, directory(port), "alice")
        except ProviderError:
            return
        assert not answer.principal
