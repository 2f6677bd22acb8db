# mypyc: compiled
"""What expressions can read: the request's attributes, the client's identity, and claims."""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

from cryptography.x509 import Certificate

from adapter.policy.evaluation import Evaluation
from adapter.policy.expression.effort import spend_on
from adapter.policy.expression.query import query_of
from adapter.policy.expression.values import EvaluationFault, Value, from_json, type_name
from adapter.policy.request.attributes import path_of
from adapter.policy.request.client_certificate import PARTS, Part, read_certificate

Reader: TypeAlias = Callable[[Evaluation], Value]

_HEADER_NAME: Final = re.compile(r":?[A-Za-z0-9!#$%&'*+.^_`|~-]+")
"""Envoy also sends `:authority` and the like."""

ATTRIBUTES: Final[Mapping[str, Reader]] = MappingProxyType(
    {
        "method": lambda e: e.request.method,
        "requestPath": lambda e: path_of(e.request),
        "requestUri": lambda e: e.request.path,
        "queryString": query_of,
        "scheme": lambda e: e.request.scheme,
        "version": lambda e: e.request.protocol,
        "remoteAddress": lambda e: e.request.client_address,
    }
)

PATH_ATTRIBUTES: Final = frozenset({"requestPath", "requestUri"})
"""Attributes that make a verdict depend on the path."""
METHOD_ATTRIBUTES: Final = frozenset({"method"})
"""Attributes that make a verdict depend on the method."""

AUTHENTICATION: Final[Mapping[str, Reader]] = MappingProxyType(
    {
        "clientId": lambda e: (e.identity and e.identity.client_id) or None,
        "clientName": lambda e: (e.identity and e.identity.client_name) or None,
        "principal": lambda e: (
            (e.identity and (e.identity.principal or e.identity.client_id)) or None
        ),
    }
)


def _certificate_reader(part: Callable[[Certificate], Part]) -> Reader:
    """Reads a part of the client's certificate; null if Envoy sends no certificate."""

    def read(evaluation: Evaluation) -> Value:
        text = evaluation.request.certificate
        if not text:
            return None
        try:
            return part(read_certificate(text))
        except ValueError as e:
            raise EvaluationFault(str(e)) from None

    return read


CLIENT_CERTIFICATE: Final[Mapping[str, Reader]] = MappingProxyType(
    {
        "principal": lambda e: e.request.principal or None,
        **{name: _certificate_reader(part) for name, part in PARTS.items()},
    }
)


def can_be_a_header(name: str) -> bool:
    """Whether a request can have a header of this name (RFC 9110, 5.1), or Envoy can make one."""
    return _HEADER_NAME.fullmatch(name) is not None


def header_reader(name: str) -> Reader:
    """Reads a request header; its name may be in any case."""
    lower_name = name.lower()

    def read(evaluation: Evaluation) -> Value:
        # Evaluation.header, inlined: this is evaluated more often than any other expression.
        edits = evaluation.edits
        if edits and lower_name in edits:
            return edits[lower_name]
        return evaluation.request.header(lower_name)

    return read


def claim_reader(name: str) -> Reader:
    """Reads a claim of the token that an earlier policy verified; null without a token."""

    def read(evaluation: Evaluation) -> Value:
        return _from_claims(evaluation, evaluation.claims.get(name))

    return read


def member_reader(read_whole: Reader, name: str) -> Reader:
    """Reads a member of an object; null if there is none."""

    def read(evaluation: Evaluation) -> Value:
        whole = read_whole(evaluation)
        if isinstance(whole, dict):
            return _from_claims(evaluation, whole.get(name))
        if isinstance(whole, str | bool | tuple):
            raise EvaluationFault(f"{type_name(whole)} has no named members")
        return None

    return read


def _from_claims(evaluation: Evaluation, claim: object) -> Value:
    value = from_json(claim)
    spend_on(evaluation, value, 0)
    return value
