"""Authentication of users by LDAP servers, as the settings say."""

from collections.abc import Awaitable, Mapping
from typing import TYPE_CHECKING

from adapter.identity.outbound.address_guard import AddressGuard
from adapter.identity.outbound.tls import ProviderTls
from adapter.policy.effects.user import Authenticate, Verification
from adapter.runtime.clock import Clock
from adapter.settings import IdentitySettings

if TYPE_CHECKING:
    from adapter.identity.ldap.user_verifier import LdapUserVerifier


class LdapUsers:
    """A `UserVerifier` whose parts are made when the first user has to be authenticated.

    Most adapters have no LDAP policy, and the library is an optional extra.
    """

    def __init__(self, settings: IdentitySettings, tls: ProviderTls, clock: Clock) -> None:
        self._settings = settings
        self._tls = tls
        self._clock = clock
        self._verifier: LdapUserVerifier | None = None

    @property
    def counts(self) -> Mapping[str, int]:
        """Requests for a verification, by result."""
        return {} if self._verifier is None else self._verifier.counts

    @property
    def alarms(self) -> Mapping[str, str]:
        """What an operator should look at."""
        return {} if self._verifier is None else self._verifier.alarms

    def verify(
        self, wanted: Authenticate, wait_at_most_s: float | None
    ) -> Verification | Awaitable[Verification]:
        """See `UserVerifier.verify`."""
        if self._verifier is None:
            self._verifier = user_verifier(self._settings, self._tls, self._clock)
        return self._verifier.verify(wanted, wait_at_most_s)

    async def close(self) -> None:
        """Close all connections."""
        if self._verifier is not None:
            await self._verifier.close()


def user_verifier(settings: IdentitySettings, tls: ProviderTls, clock: Clock) -> "LdapUserVerifier":
    """A verifier; needs the extra `ldap`."""
    # Only here, because the library is an optional extra.
    from adapter.identity.ldap.connection import ConnectionOptions  # noqa: PLC0415
    from adapter.identity.ldap.user_verifier import LdapUserVerifier, VerifierOptions  # noqa: PLC0415

    return LdapUserVerifier(
        ConnectionOptions(
            AddressGuard(settings.allow_networks), tls.current, settings.allow_plain_ldap
        ),
        VerifierOptions(
            timeout_s=settings.ldap_timeout_s,
            concurrency=settings.ldap_concurrency,
            remember_s=settings.ldap_remember_s,
            remembered_users=settings.ldap_remembered_users,
        ),
        clock,
    )
