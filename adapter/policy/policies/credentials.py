"""How policies find out which contract a request comes under."""

import base64
import binascii
import re
from collections.abc import Callable
from typing import Annotated, Final, NamedTuple

from pydantic import AfterValidator

from adapter.policy.catalog import HashedSecret
from adapter.policy.decision import Deny, DenyReason, Header, Identity
from adapter.policy.evaluation import ActiveContract, Evaluation
from adapter.policy.expression import Failed, compile_expression
from adapter.policy.policies.configuration import ExpressionSource

DEFAULT_CLIENT_ID: Final = "#[attributes.headers['client_id']]"

_NOBODY: Final = HashedSecret(bytes(32), b"")
_BASIC: Final = re.compile(r"(?i:basic) +([A-Za-z0-9+/]+={0,2})")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


class Credentials(NamedTuple):
    """What a client claims."""

    client_id: str
    secret: str | None
    """None where the policy asks for no secret."""

    def __repr__(self) -> str:
        return f"Credentials(client_id={self.client_id!r})"


class Challenge:
    """The refusals of one kind of credentials, made once.

    What a client is told about an unknown id, a wrong secret and an unusable contract is one and
    the same; only `detail`, for operators, differs.
    """

    def __init__(self, www_authenticate: str) -> None:
        self._headers: tuple[Header, ...] = (("www-authenticate", www_authenticate),)
        self.id_missing = self._missing("Client ID is not present")
        self.secret_missing = self._missing("Client secret is not present")
        self.malformed = self.invalid("the credentials are malformed")
        self.unknown_client = self.invalid("no approved contract with this client id")
        self.wrong_secret = self.invalid("wrong client secret")
        self.no_secret = self.invalid("the platform gave no secret for this client application")
        self.other_client = self.invalid(
            "the client id differs from the one that an earlier policy established"
        )
        self.no_tier = self.invalid("the contract has no SLA tier with limits")

    def invalid(self, detail: str) -> Deny:
        """A refusal of credentials that are there."""
        return Deny(
            DenyReason.CREDENTIALS_INVALID,
            401,
            "Invalid client id or secret",
            detail,
            self._headers,
        )

    def _missing(self, message: str) -> Deny:
        return Deny(DenyReason.CREDENTIALS_MISSING, 401, message, headers=self._headers)


CLIENT_ID_CHALLENGE: Final = Challenge("Client-ID-Enforcement")
BASIC_CHALLENGE: Final = Challenge('Basic realm="mule-realm"')


class CredentialSource(NamedTuple):
    """Where a policy looks for credentials, and how it asks for them."""

    read: Callable[[Evaluation], Credentials | Deny]
    challenge: Challenge
    inspects_path: bool = False


def _only_an_expression(source: str) -> str:
    if source and not source.lstrip().startswith("#["):
        raise ValueError("must be an expression, #[...]: plain text would be everybody's")
    return source


CredentialExpression = Annotated[ExpressionSource, AfterValidator(_only_an_expression)]
"""Where a client id or secret is; blank, or an expression."""


def credentials_by_expression(id_source: str, secret_source: str) -> CredentialSource:
    """Credentials where two expressions find them; with a blank second one, an id alone will do.

    An expression that fails has found nothing.
    """
    id_expression = compile_expression(id_source)
    secret_expression = compile_expression(secret_source)
    client_id_of = id_expression.text
    secret_of = secret_expression.text if secret_source.strip() else None

    def read(evaluation: Evaluation) -> Credentials | Deny:
        client_id = client_id_of(evaluation)
        if not client_id or isinstance(client_id, Failed):
            return CLIENT_ID_CHALLENGE.id_missing
        if secret_of is None:
            return Credentials(client_id, None)
        secret = secret_of(evaluation)
        if not secret or isinstance(secret, Failed):
            return CLIENT_ID_CHALLENGE.secret_missing
        return Credentials(client_id, secret)

    inspects_path = id_expression.inspects_path or secret_expression.inspects_path
    return CredentialSource(read, CLIENT_ID_CHALLENGE, inspects_path)


def _basic_credentials(evaluation: Evaluation) -> Credentials | Deny:
    """Credentials of HTTP basic authentication (RFC 7617), in UTF-8 and without leniency."""
    header = evaluation.header("authorization")
    if header is None or header.partition(" ")[0].lower() != "basic":
        return BASIC_CHALLENGE.id_missing
    match = _BASIC.fullmatch(header)
    try:
        text = base64.b64decode(match.group(1), validate=True).decode() if match else ""
    except (binascii.Error, UnicodeDecodeError):
        return BASIC_CHALLENGE.malformed
    client_id, colon, secret = text.partition(":")
    if not colon or _CONTROL.search(text):
        return BASIC_CHALLENGE.malformed
    return Credentials(client_id, secret) if client_id else BASIC_CHALLENGE.id_missing


BASIC_CREDENTIALS: Final = CredentialSource(_basic_credentials, BASIC_CHALLENGE)


def contract_of(
    evaluation: Evaluation, credentials: Credentials, challenge: Challenge
) -> ActiveContract | Deny:
    """The contract that credentials give access to.

    Secrets are checked at the same cost whoever is asking, so that time does not tell who exists.
    A comma in a client id means that the header came twice; who reads which of the two is anyone's
    guess, so it matches nothing.
    """
    client_id, secret = credentials
    active = evaluation.contracts.get(client_id)
    if active is None or "," in client_id:
        if secret is not None:
            _stand_in(evaluation).matches(secret)
        return challenge.unknown_client
    if secret is not None:
        known = active.contract.application.secret
        if known is None:
            _stand_in(evaluation).matches(secret)
            if active.fault is None:
                return challenge.no_secret
        elif not known.matches(secret):
            return challenge.wrong_secret
    return active if active.fault is None else _closed(active.fault)


def identity_under(active: ActiveContract, evaluation: Evaluation) -> Identity:
    """Who comes under a contract; a user that an earlier policy established stays."""
    known = evaluation.identity
    if known is None:
        return active.identity()
    if known.contract_id == active.contract.contract_id:
        return known
    return active.identity(known.principal)


def _stand_in(evaluation: Evaluation) -> HashedSecret:
    """A secret to hash against where there is none: some other client's, or nobody's."""
    some = next(iter(evaluation.contracts.values()), None)
    return (some and some.contract.application.secret) or _NOBODY


def _closed(fault: str) -> Deny:
    return Deny(
        DenyReason.CONTRACT_CLOSED, 503, "This contract cannot be honoured at present", fault
    )
