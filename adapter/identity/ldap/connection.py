"""The operations of LDAP that authentication needs."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

from sansldap import (
    BindResponse,
    DereferencingPolicy,
    ExtendedOperations,
    ExtendedResponse,
    LDAPMessage,
    SearchResultDone,
    SearchResultEntry,
    SearchScope,
)

from adapter.errors import ProviderError
from adapter.identity.ldap.search_filter import SearchFilter
from adapter.identity.ldap.wire import LdapWire
from adapter.identity.outbound.address_guard import AddressGuard
from adapter.identity.outbound.resolution import allowed_addresses
from adapter.policy.ldap_directory import LdapAccount, LdapDirectory

SUCCESS: Final = 0
NOBODY: Final = frozenset({10, 19, 32, 34, 48, 49, 50, 53})
"""Result codes that say that there is no such user, or that the password is wrong or not accepted:
referral, constraint violation, no such object, invalid DN, inappropriate authentication, invalid
credentials, insufficient access, unwilling to perform (RFC 4511, A.1). All others are failures."""
_SEVERAL: Final = 4
"""sizeLimitExceeded: more entries than we asked for."""
_NO_ATTRIBUTES: Final = "1.1"
_KEPT_FILTERS: Final = 256
_WANTED_ENTRIES: Final = 2
"""One more than may be found, to notice that there are several."""


@dataclass(frozen=True, slots=True)
class ConnectionOptions:
    """How connections are opened."""

    guard: AddressGuard
    tls: Callable[[], Awaitable[ssl.SSLContext]]
    """Makes the TLS context; raises ProviderError if the certificates to trust cannot be read."""
    allow_plain: bool
    """Whether `ldap` URLs mean no TLS. Otherwise they mean StartTLS (RFC 4511, 4.14)."""


class Found(NamedTuple):
    """What a search found: an entry, or the reason why there is none."""

    dn: str
    name: str = ""
    """The entry's own spelling of the user's name; empty if it is unknown."""
    refusal: str = ""


class LdapConnection:
    """An open connection; everything raises ProviderError if the server fails."""

    def __init__(self, wire: LdapWire) -> None:
        self._wire = wire

    @property
    def is_closed(self) -> bool:
        """Whether either side has closed it."""
        return self._wire.closed

    async def bind(self, dn: str, password: str) -> str:
        """Bind (RFC 4511, 4.2). Return an empty text, or the reason why the server refuses."""
        if not dn or not password:
            # The server would accept this without checking anything (RFC 4513, 5.1).
            raise ValueError("a bind needs a DN and a password")
        answers = await self._wire.exchange(lambda session: session.bind_simple(dn, password))
        code = _code(answers, BindResponse)
        if code == SUCCESS:
            return ""
        if code not in NOBODY:
            raise ProviderError(f"the bind failed with result code {code}")
        return f"the server refuses the bind with result code {code}"

    async def search(self, directory: LdapDirectory, user_name: str) -> Found:
        """Find the one entry of that user. Referrals are not followed."""
        wanted = _parsed(directory.search_filter)
        answers = await self._wire.exchange(
            lambda session: session.search_request(
                directory.base,
                SearchScope.SUBTREE if directory.in_subtree else SearchScope.ONE_LEVEL,
                DereferencingPolicy.NEVER,
                size_limit=_WANTED_ENTRIES,
                filter=wanted.for_user(user_name),
                attributes=[wanted.attribute or _NO_ATTRIBUTES],
            )
        )
        code = _code(answers, SearchResultDone)
        entries = [answer for answer in answers if isinstance(answer, SearchResultEntry)]
        if code == _SEVERAL or len(entries) > 1:
            return Found("", refusal="several entries match the user name")
        if code in NOBODY:
            return Found("", refusal=f"the server refuses the search with result code {code}")
        if code != SUCCESS:
            raise ProviderError(f"the search failed with result code {code}")
        if not entries or not entries[0].object_name:
            return Found("", refusal="no entry matches the user name")
        return Found(entries[0].object_name, _own_name(entries[0], wanted.attribute))

    def close(self) -> None:
        """Close it in an orderly way."""
        self._wire.close()

    def abort(self) -> None:
        """Close it at once."""
        self._wire.abort()


@lru_cache(maxsize=_KEPT_FILTERS)
def _parsed(text: str) -> SearchFilter:
    return SearchFilter(text)


async def connect(account: LdapAccount, options: ConnectionOptions) -> LdapConnection:
    """Open a connection to the account's server, without binding; raises ProviderError."""
    loop = asyncio.get_running_loop()
    context = await options.tls() if account.tls or not options.allow_plain else None
    failure: Exception = ProviderError("the host has no address")
    for address in await allowed_addresses(account.host, account.port, options.guard):
        try:
            _, wire = await loop.create_connection(
                LdapWire,
                str(address),
                account.port,
                ssl=context if account.tls else None,
                server_hostname=account.host if account.tls else None,
            )
        except OSError as e:
            failure = e
            continue
        if context is not None and not account.tls:
            await _start_tls(wire, context, account.host)
        return LdapConnection(wire)
    raise ProviderError(f"cannot connect: {failure}") from None


async def _start_tls(wire: LdapWire, context: ssl.SSLContext, host: str) -> None:
    try:
        await _agree_on_tls(wire)
        await wire.start_tls(context, host)
    except OSError as e:
        wire.abort()
        raise ProviderError(f"TLS failed: {e}") from None
    except BaseException:
        wire.abort()
        raise


async def _agree_on_tls(wire: LdapWire) -> None:
    answers = await wire.exchange(
        lambda session: session.extended_request(ExtendedOperations.LDAP_START_TLS.value)
    )
    code = _code(answers, ExtendedResponse)
    if code != SUCCESS:
        raise ProviderError(
            f"the server refuses StartTLS with result code {code}; use an ldaps URL, or let the "
            "operator set identity.allow_plain_ldap"
        )


def _code(
    answers: list[LDAPMessage], kind: type[BindResponse | SearchResultDone | ExtendedResponse]
) -> int:
    """The result code of the last answer, as a plain number.

    A plain number, because the library makes every unknown result code equal to SUCCESS.
    """
    last = answers[-1]
    if not isinstance(last, kind):
        raise ProviderError(f"it answered with {type(last).__name__}, not with {kind.__name__}")
    return int(last.result.result_code.value)


def _own_name(entry: SearchResultEntry, attribute: str) -> str:
    """The entry's value of that attribute; of several values the first in order."""
    values = [
        value
        for found in entry.attributes
        if found.name.lower() == attribute.lower()
        for value in found.values
    ]
    try:
        return min(values, default=b"").decode()
    except UnicodeDecodeError:
        return ""
