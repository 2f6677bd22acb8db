# mypyc: compiled
"""A contract: an application's permission to call an API."""

from typing import Final

from mypy_extensions import i32, i64, mypyc_attr

from adapter.policy.contracts.hashed_secret import RECOGNISABLE, HashedSecret
from adapter.policy.value import Value

_NONE_YET: Final = -1
"""`hash()` never returns this number."""


@mypyc_attr(acyclic=True)
class Contract(Value):
    """An approved agreement that a client application may call an API, possibly at a tier.

    It is one flat object with all texts in one string. There may be a million contracts, and the
    one that a Check needs is in none of the processor's caches, so each further object would cost
    an access to memory. An application with contracts for several APIs is therefore stored several
    times. `_recognised` and `counter` are memos: see `adapter.policy.contracts`.
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
        """Memo: `hash()` of the secret that was proven last."""
        self.tier_id: Final = tier_id
        self.fault: Final = fault
        """Why this contract cannot be honoured, for example because its secret has no known form.
        Other contracts are not affected."""
        self.counter: object = None
        """Memo: where a quota store counts this contract's requests."""

    @property
    def client_id(self) -> str:
        """The application's client id."""
        return self._texts[: self._client_id_end]

    @property
    def contract_id(self) -> str:
        """The platform's number for the contract."""
        return self._texts[self._client_id_end : self._contract_id_end]

    @property
    def client_name(self) -> str:
        """The application's name, for people."""
        return self._texts[self._contract_id_end :]

    @property
    def client_hash(self) -> i64:
        """`hash(client_id)`."""
        return self._client_hash

    def is_of(self, client_id: str, client_hash: i64) -> bool:
        """Whether the contract is of that client; `client_hash` is the hash of its id."""
        return (
            client_hash == self._client_hash
            and len(client_id) == self._client_id_end
            and self._texts.startswith(client_id)
        )

    @property
    def has_secret(self) -> bool:
        """Whether the platform sent a secret."""
        return self._secret is not None

    @property
    def secret(self) -> HashedSecret | None:
        """The application's hashed secret; None if the platform sent none."""
        return None if self._secret is None else HashedSecret(self._secret)

    def is_proven_by(self, secret: str) -> bool:
        """Whether that is the application's secret. All wrong secrets take the same time.

        The right secret is hashed once; afterwards it is recognised
        (docs/adr/0013-recognised-secrets.md). If there are two, the one that came last is.
        """
        number: i64 = hash(secret)
        if number == self._recognised:
            return True
        hashed = self.secret
        if hashed is None or not hashed.matches(secret):
            return False
        self._recognised = number if RECOGNISABLE else _NONE_YET
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
        """The same contract with that fault, unless it has one already."""
        return Contract(
            self.contract_id,
            self.client_id,
            self.client_name,
            self.secret,
            self.tier_id,
            self.fault or fault,
        )
