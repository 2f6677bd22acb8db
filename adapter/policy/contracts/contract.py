# mypyc: compiled
"""A contract."""

from typing import Final

from mypy_extensions import i32, i64, mypyc_attr

from adapter.policy.contracts.hashed_secret import RECOGNISABLE, HashedSecret
from adapter.policy.value import Value

_NONE_YET: Final = -1
"""What `hash` never gives."""


@mypyc_attr(acyclic=True)
class Contract(Value):
    """An approved agreement that a client application may call an API, possibly at a tier.

    One flat object with its texts in one piece, since there may be a million of them, and of those
    that a Check needs nothing is in the processor's caches: an application with contracts for
    several APIs is told several times. Besides what was agreed it remembers what saves the next
    Check from finding it out anew; what is equal may remember differently.
    """

    __slots__ = (
        "_client_hash",
        "_client_id_end",
        "_contract_id_end",
        "_recognised",
        "_secret",
        "_texts",
        "counter",
        "fault",
        "tier_id",
    )

    def __init__(
        self,
        contract_id: str,
        client_id: str,
        client_name: str = "",
        secret: HashedSecret | None = None,
        tier_id: str | None = None,
        fault: str | None = None,
    ) -> None:
        self._client_hash: i64 = hash(client_id)
        self._texts: Final = f"{client_id}{contract_id}{client_name}"
        self._client_id_end: i32 = len(client_id)
        self._contract_id_end: i32 = len(client_id) + len(contract_id)
        self._secret: Final = None if secret is None else secret.octets
        self._recognised: i64 = _NONE_YET
        """What `hash` makes of the secret, once it has come: no secret can be had from it, and
        whoever guesses has to guess that number."""
        self.tier_id: Final = tier_id
        self.fault: Final = fault
        """Why this contract cannot be honoured (its secret's form, say): it alone is closed."""
        self.counter: object = None
        """For a quota store to find again what it counts this contract's requests with."""

    @property
    def client_id(self) -> str:
        """The application's."""
        return self._texts[: self._client_id_end]

    @property
    def contract_id(self) -> str:
        """As the platform numbers contracts."""
        return self._texts[self._client_id_end : self._contract_id_end]

    @property
    def client_name(self) -> str:
        """The application's, for people."""
        return self._texts[self._contract_id_end :]

    @property
    def client_hash(self) -> i64:
        """What `hash` makes of the client id."""
        return self._client_hash

    def is_of(self, client_id: str, client_hash: i64) -> bool:
        """Whether that is the client, whose id hashes so."""
        return (
            client_hash == self._client_hash
            and len(client_id) == self._client_id_end
            and self._texts.startswith(client_id)
        )

    @property
    def has_secret(self) -> bool:
        """Whether the platform gave one."""
        return self._secret is not None

    @property
    def secret(self) -> HashedSecret | None:
        """The application's; None if the platform gave none."""
        return None if self._secret is None else HashedSecret(self._secret)

    def is_proven_by(self, secret: str) -> bool:
        """Whether that is the application's secret; all wrong ones take the same time.

        The right one, once it has come, is recognised without hashing it again
        (docs/adr/0013-recognised-secrets.md).
        """
        number: i64 = hash(secret)
        if number == self._recognised:
            return True
        hashed = self.secret
        if hashed is None or not hashed.matches(secret):
            return False
        if RECOGNISABLE:
            self._recognised = number
        return True

    def held(self) -> tuple[str, str, str, HashedSecret | None, str | None, str | None]:
        """See `Value`."""
        return (
            self.contract_id,
            self.client_id,
            self.client_name,
            self.secret,
            self.tier_id,
            self.fault,
        )

    def closed(self, fault: str) -> "Contract":
        """The same, not to be honoured, for that reason if it has none yet."""
        return Contract(
            self.contract_id,
            self.client_id,
            self.client_name,
            self.secret,
            self.tier_id,
            self.fault or fault,
        )
