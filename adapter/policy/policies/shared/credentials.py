# mypyc: compiled
"""Finds the contract of a request from the client's credentials."""

import re
from collections.abc import Callable
from typing import Final, NamedTuple, TypeAlias

from adapter.policy.contracts.contract import Contract
from adapter.policy.contracts.hashed_secret import HashedSecret
from adapter.policy.evaluation import Evaluation
from adapter.policy.expression import compile_expression
from adapter.policy.policies.shared import basic_authentication
from adapter.policy.policies.shared.basic_authentication import basic_octets
from adapter.policy.verdicts import Deny, DenyReason, Header, Identity

DEFAULT_CLIENT_ID: Final = "#[attributes.headers['client_id']]"

ID_IS_ENOUGH: Final = (
    "clientSecretExpression is empty: no client secret is checked, so anybody who knows a client "
    "id is let in; to check secrets, set it to #[attributes.headers['client_secret']]"
)

ONE_EXPRESSION: Final = (
    "clientSecretExpression reads what clientIdExpression reads, so the client id would have to be "
    "the secret; to check secrets, set it to #[attributes.headers['client_secret']]"
)

_ONE_HEADER: Final = re.compile(r"#\[ *attributes\.headers\[ *'([\w-]+)' *\] *\]")
_NOBODY: Final = HashedSecret.of(bytes(32), b"")

Credentials: TypeAlias = tuple[str, str | None]
"""A client's id, and its secret (None if the policy asks for none). Not verified yet."""


class Challenge:
    """The denials for one kind of credentials, built once.

    Clients get the same answer for an unknown id, a wrong secret and an unusable contract. Only
    `detail`, which operators see, differs.
    """

    def __init__(self, www_authenticate: str, *, status: int = 401) -> None:
        self._status = status
        self._headers: tuple[Header, ...] = (("www-authenticate", www_authenticate),)
        self.malformed = self.invalid("the credentials are malformed")
        self.unknown_client = self.invalid("no approved contract with this client id")
        self.wrong_secret = self.invalid("wrong client secret")
        self.no_secret = self.invalid("the platform gave no secret for this client application")
        self.other_client = self.invalid(
            "the client id differs from the one that an earlier policy identified"
        )
        self.no_tier = self.invalid("the contract has no SLA tier with limits")

    def invalid(self, detail: str) -> Deny:
        """The denial of credentials that are present but invalid."""
        return Deny(
            DenyReason.CREDENTIALS_INVALID,
            self._status,
            "Invalid client id or secret",
            detail,
            self._headers,
        )

    def missing(self, message: str, detail: str) -> Deny:
        """The denial of a request without credentials."""
        return Deny(
            DenyReason.CREDENTIALS_MISSING, self._status, message, detail, headers=self._headers
        )


CLIENT_ID_CHALLENGE: Final = Challenge("Client-ID-Enforcement")
BASIC_CHALLENGE: Final = Challenge(basic_authentication.CHALLENGE)

_NO_ID: Final = "Client ID is not present"
_NO_SECRET: Final = "Client secret is not present"  # noqa: S105 - a message
_BASIC_MISSING: Final = BASIC_CHALLENGE.missing(
    _NO_ID,
    "the policy reads client id and secret from the header authorization (Basic), and the request "
    "has none there",
)


class CredentialSource(NamedTuple):
    """Where a policy looks for credentials, and how it asks for them."""

    read: Callable[[Evaluation], Credentials | Deny]
    challenge: Challenge
    inspects_path: bool = False
    inspects_method: bool = False


_PROVEN: Final = ("attributes.clientCertificate", "authentication.", "vars.claimSet")
"""What a client cannot make up: others have verified it."""


def secret_warnings(id_source: str, secret_source: str) -> tuple[str, ...]:
    """A warning if a client id that anybody can send is enough."""
    if secret_source.strip() and secret_source.strip() == id_source.strip():
        return (ONE_EXPRESSION,)
    if secret_source.strip() or any(name in id_source for name in _PROVEN):
        return ()
    return (ID_IS_ENOUGH,)


def credentials_by_expression(id_source: str, secret_source: str) -> CredentialSource:
    """Reads credentials with two expressions. If the second is blank, an id alone is enough.

    An expression that fails counts as a missing value.
    """
    id_expression = compile_expression(id_source)
    secret_expression = compile_expression(secret_source)
    client_id_of = id_expression.text
    secret_of = secret_expression.text if secret_source.strip() else None
    id_missing = CLIENT_ID_CHALLENGE.missing(_NO_ID, _absent("client id", id_source))
    secret_missing = CLIENT_ID_CHALLENGE.missing(_NO_SECRET, _absent("secret", secret_source))

    def read(evaluation: Evaluation) -> Credentials | Deny:
        client_id = client_id_of(evaluation)
        if not client_id or not isinstance(client_id, str):
            return id_missing
        if secret_of is None:
            return client_id, None
        secret = secret_of(evaluation)
        if not secret or not isinstance(secret, str):
            return secret_missing
        return client_id, secret

    return CredentialSource(
        read,
        CLIENT_ID_CHALLENGE,
        id_expression.inspects_path or secret_expression.inspects_path,
        id_expression.inspects_method or secret_expression.inspects_method,
    )


def _absent(what: str, source: str) -> str:
    """Where the policy looks for it. The expression itself may contain a secret."""
    header = _ONE_HEADER.fullmatch(source.strip())
    if header is None:
        return f"the policy reads the {what} with an expression, which finds none in the request"
    return f"the policy reads the {what} from the header {header[1]}, and the request has none"


def _basic_credentials(evaluation: Evaluation) -> Credentials | Deny:
    """Read credentials of HTTP basic authentication, in UTF-8, strictly."""
    octets = basic_octets(evaluation)
    if octets is None:
        return _BASIC_MISSING
    try:
        client_id, colon, secret = octets.decode().partition(":")
    except UnicodeDecodeError:
        return BASIC_CHALLENGE.malformed
    if not colon:
        return BASIC_CHALLENGE.malformed
    return (client_id, secret) if client_id else _BASIC_MISSING


BASIC_CREDENTIALS: Final = CredentialSource(_basic_credentials, BASIC_CHALLENGE)


def identifying(source: CredentialSource) -> Callable[[Evaluation], Identity | Deny]:
    """Identifies the client by the contract that its credentials belong to."""
    read, challenge = source.read, source.challenge

    def identify(evaluation: Evaluation) -> Identity | Deny:
        credentials = read(evaluation)
        if isinstance(credentials, Deny):
            return credentials
        client_id, secret = credentials
        contract = contract_of(evaluation, client_id, secret, challenge)
        return contract if isinstance(contract, Deny) else evaluation.identity_under(contract)

    return identify


class ContractFinder(NamedTuple):
    """A function that finds the contract of a request, and what it looks at."""

    find: Callable[[Evaluation], Contract | Deny]
    inspects_path: bool
    inspects_method: bool


def contract_finder(id_source: str, secret_source: str) -> ContractFinder:
    """Finds contracts with two expressions, and verifies each client once.

    If an earlier policy has identified the client, the id alone is enough. A different id is
    denied then, because one application could otherwise use up another's quota.
    """
    by_id = credentials_by_expression(id_source, "")
    proven = credentials_by_expression(id_source, secret_source)
    read_id, read = by_id.read, proven.read

    def find(evaluation: Evaluation) -> Contract | Deny:
        identity = evaluation.identity
        established = "" if identity is None else identity.client_id
        credentials = read_id(evaluation) if established else read(evaluation)
        if isinstance(credentials, Deny):
            return credentials
        client_id, secret = credentials
        if established and client_id != established:
            return CLIENT_ID_CHALLENGE.other_client
        if identity is not None and identity.contract is not None:
            return identity.contract
        return contract_of(evaluation, client_id, secret, CLIENT_ID_CHALLENGE)

    return ContractFinder(find, proven.inspects_path, proven.inspects_method)


def contract_of(
    evaluation: Evaluation, client_id: str, secret: str | None, challenge: Challenge
) -> Contract | Deny:
    """The contract of these credentials; if the secret is None, the id alone is enough.

    Checking a secret takes the same time for known and unknown clients, so that the time does not
    show which clients exist. A comma in a client id means that the header came twice. Servers
    differ in which of the two they read, so such an id matches no client.
    """
    contract = evaluation.contracts.get(client_id)
    if contract is None or "," in client_id:
        if secret is not None:
            _stand_in(evaluation).matches(secret)
        return challenge.unknown_client
    if secret is not None and not contract.is_proven_by(secret):
        if contract.has_secret:
            return challenge.wrong_secret
        _stand_in(evaluation).matches(secret)
        if contract.fault is None:
            return challenge.no_secret
    return contract if contract.fault is None else _closed(contract, contract.fault)


def _stand_in(evaluation: Evaluation) -> HashedSecret:
    """A secret to hash if the client has none: another client's, or a constant."""
    some = next(iter(evaluation.contracts), None)
    return (some and some.secret) or _NOBODY


def _closed(contract: Contract, fault: str) -> Deny:
    # Its tier may be unknown, so it is left out.
    identity = Identity(contract.client_id, contract.client_name, contract.contract_id)
    message = "This contract cannot be honoured at present"
    return Deny(DenyReason.CONTRACT_CLOSED, 503, message, fault, identity=identity)
