"""Asking an LDAP server as a policy does."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from adapter.app.ldap import LdapUsers
from adapter.policy.concealed import Concealed
from adapter.policy.effects.effect import Outcome
from adapter.policy.effects.user import Authenticate, Verification
from adapter.policy.ldap_directory import LdapAccount, LdapDirectory
from adapter.policy.verdicts import CONTINUE
from adapter.runtime.clock import Clock, SystemClock
from support.defaults import ldap_users
from tests.rig.certificates import Authority
from tests.rig.slapd import ACCOUNT, ACCOUNT_PASSWORD, PASSWORD, PEOPLE

_LOOPBACK = "127.0.0.0/8"


@asynccontextmanager
async def users(
    authority: Authority | None = None, clock: Clock | None = None, **settings: Any
) -> AsyncIterator[LdapUsers]:
    """What authenticates users of servers on loopback."""
    trusted = {} if authority is None else {"ca_file": authority.certificate}
    defaults: dict[str, Any] = {"allow_networks": [_LOOPBACK], "ldap_timeout_s": 30, **trusted}
    made = ldap_users(clock or SystemClock(), **(defaults | settings))
    try:
        yield made
    finally:
        await made.close()


def directory(port: int, *, tls: bool = False, **changes: Any) -> LdapDirectory:
    """The users of the server at that port of loopback."""
    account: dict[str, Any] = {"host": "127.0.0.1", "dn": ACCOUNT, "password": ACCOUNT_PASSWORD}
    account |= {name: changes.pop(name) for name in list(changes) if name in account}
    made = LdapAccount(tls, account["host"], port, account["dn"], Concealed(account["password"]))
    where: dict[str, Any] = {"base": PEOPLE, "search_filter": "(uid={0})", "in_subtree": False}
    return LdapDirectory(made, **(where | changes))


def request(where: LdapDirectory, name: str, password: str = PASSWORD) -> Authenticate:
    """The effect of a request by that user."""
    return Authenticate(where, name, Concealed(password), lambda _: CONTINUE)


async def verified(
    asked: LdapUsers,
    where: LdapDirectory,
    name: str,
    password: str = PASSWORD,
    wait_s: float | None = None,
) -> Verification:
    """The answer, remembered or not."""
    answer = asked.verify(request(where, name, password), wait_s)
    return answer if isinstance(answer, Outcome) else await answer
