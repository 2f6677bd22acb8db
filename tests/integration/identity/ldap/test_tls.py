"""TLS with LDAP servers, and the addresses that may be called."""

import asyncio
import socket
from pathlib import Path
from typing import Any

import pytest

from adapter.app.ldap import LdapUsers
from adapter.app.provider_clients import provider_tls
from adapter.errors import ProviderError
from adapter.policy.effects.user import Verification
from adapter.runtime.clock import SystemClock
from adapter.settings import IdentitySettings
from tests.integration.identity.ldap.asking import directory, users, verified
from tests.rig.certificates import Authority
from tests.rig.slapd import Slapd, running_slapd

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_ldaps_and_start_tls_verify_the_server(slapd: Slapd, authority: Authority) -> None:
    """By default, an ldap URL means StartTLS: no password is sent in clear text."""
    async with users(authority) as asked:
        for port, tls in ((slapd.tls_port, True), (slapd.port, False)):
            where = directory(port, tls=tls)
            assert await verified(asked, where, "alice") == Verification("alice")
            assert (await verified(asked, where, "alice", "wrong")).refusal


@pytest.mark.parametrize("tls", [True, False])
async def test_a_certificate_of_an_unknown_ca_is_refused(
    slapd: Slapd, tmp_path: Path, tls: bool
) -> None:
    """The check comes before anything is sent."""
    port = slapd.tls_port if tls else slapd.port
    for trusted in (Authority(tmp_path), None):
        async with users(trusted) as asked:
            with pytest.raises(ProviderError, match=r"(?i)certificate"):
                await verified(asked, directory(port, tls=tls), "alice")


@pytest.mark.parametrize("tls", [True, False])
async def test_the_certificate_must_be_the_hosts(
    slapd: Slapd, authority: Authority, tls: bool
) -> None:
    """The name in the policy counts, not the address that it leads to."""
    port = slapd.tls_port if tls else slapd.port
    async with users(authority, allow_networks=["127.0.0.0/8", "::1/128"]) as asked:
        with pytest.raises(ProviderError, match=r"(?i)certificate"):
            await verified(asked, directory(port, tls=tls, host="localhost"), "alice")


async def test_a_server_may_ask_for_our_certificate(
    directory_of_own: Path, authority: Authority
) -> None:
    """The operator's, of the group `identity`."""
    ours = authority.issue("adapter")
    async with running_slapd(directory_of_own, authority, asks_for_certificate=True) as server:
        where = directory(server.tls_port, tls=True)
        async with users(authority, certificate_file=ours.certificate, key_file=ours.key) as asked:
            assert await verified(asked, where, "alice") == Verification("alice")
        async with users(authority) as asked:
            with pytest.raises(ProviderError):
                await verified(asked, where, "alice")


async def test_a_server_without_start_tls_gets_no_password(authority: Authority) -> None:
    """Not even the account's."""
    received = bytearray()

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.extend(await reader.read(1_000))
        # An ExtendedResponse with result code 2, protocolError.
        writer.write(bytes.fromhex("300c02010178070a010204000400"))
        received.extend(await reader.read(1_000))
        writer.close()

    server = await asyncio.start_server(speak, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, users(authority) as asked:
        with pytest.raises(ProviderError, match=r"refuses StartTLS .*allow_plain_ldap"):
            await verified(asked, directory(port), "alice")
    assert b"1.3.6.1.4.1.1466.20037" in received
    assert b"of-the-adapter" not in received


async def test_what_was_sent_in_clear_text_is_no_answer_after_start_tls(
    slapd: Slapd, authority: Authority
) -> None:
    """Somebody between us and the server adds a "bind succeeded" to the answer to StartTLS."""

    async def between(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, server = await asyncio.open_connection("127.0.0.1", slapd.port)
        server.write(await reader.read(1_000))
        answer = await there.read(1_000)
        writer.write(answer + bytes.fromhex("300c02010161070a010004000400"))
        await asyncio.gather(_carry(reader, server), _carry(there, writer))

    proxy = await asyncio.start_server(between, "127.0.0.1", 0)
    port = proxy.sockets[0].getsockname()[1]
    async with proxy, users(authority) as asked:
        with pytest.raises(ProviderError):
            await verified(asked, directory(port), "alice", "wrong")


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(10_000):
        writer.write(chunk)
    writer.close()


async def test_an_address_inside_the_network_is_refused(slapd: Slapd) -> None:
    """Whether the policy names it or a name leads to it."""
    async with users(allow_plain_ldap=True, allow_networks=[]) as asked:
        for host in ("127.0.0.1", "localhost"):
            with pytest.raises(ProviderError, match="allow_networks"):
                await verified(asked, directory(slapd.port, host=host), "alice")


async def test_every_connection_checks_the_address_again(
    slapd: Slapd, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that changes its address after it was checked leads nowhere (DNS rebinding)."""
    answers = iter(["127.0.0.1", "169.254.169.254"])

    async def resolve(*_: Any, **__: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), 0))]

    loop = asyncio.get_running_loop()
    real = loop.getaddrinfo

    async def resolve_names(host: Any, *others: Any, **options: Any) -> Any:
        resolver = resolve if host == "ldap.example" else real
        return await resolver(host, *others, **options)

    monkeypatch.setattr(loop, "getaddrinfo", resolve_names)
    async with users(allow_plain_ldap=True) as asked:
        with pytest.raises(ProviderError, match="link-local"):
            await verified(asked, directory(slapd.port, host="ldap.example"), "alice")


async def test_renewed_certificates_count_for_new_connections(
    slapd: Slapd, authority: Authority, tmp_path: Path
) -> None:
    """Open connections go on, so users are verified meanwhile."""
    trusted = tmp_path / "trusted.pem"
    trusted.write_bytes(Authority(tmp_path).certificate.read_bytes())
    settings = IdentitySettings.model_validate(
        {"ca_file": trusted, "allow_networks": ["127.0.0.0/8"], "ldap_timeout_s": 30}
    )
    tls = provider_tls(settings)
    asked, where = LdapUsers(settings, tls, SystemClock()), directory(slapd.tls_port, tls=True)
    with pytest.raises(ProviderError, match=r"(?i)certificate"):
        await verified(asked, where, "alice")
    trusted.write_bytes(authority.certificate.read_bytes())
    await tls.renew()
    assert await verified(asked, where, "alice") == Verification("alice")
    trusted.write_bytes(Authority(tmp_path).certificate.read_bytes())
    await tls.renew()
    assert (await verified(asked, where, "alice", "wrong")).refusal
    await asked.close()
