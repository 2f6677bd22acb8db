"""What an expression may read: attributes of the request, and who it comes from."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, TypeAlias
from urllib.parse import parse_qsl

from adapter.policy.attributes import path_of
from adapter.policy.evaluation import Evaluation
from adapter.policy.expression.values import Value, from_json

Reader: TypeAlias = Callable[[Evaluation], Value]

ATTRIBUTES: Final[Mapping[str, Reader]] = MappingProxyType(
    {
        "method": lambda e: e.request.method,
        "requestPath": lambda e: path_of(e.request),
        "requestUri": lambda e: e.request.path,
        "queryString": lambda e: _query(e),  # noqa: PLW0108 - defined below
        "scheme": lambda e: e.request.scheme,
        "version": lambda e: e.request.protocol,
        "remoteAddress": lambda e: e.request.client_address,
    }
)

PATH_ATTRIBUTES: Final = frozenset({"requestPath", "requestUri"})
"""The attributes that make a verdict depend on the path."""
METHOD_ATTRIBUTES: Final = frozenset({"method"})
"""The same for the method."""

AUTHENTICATION: Final[Mapping[str, Reader]] = MappingProxyType(
    {
        "clientId": lambda e: (e.identity and e.identity.client_id) or None,
        "clientName": lambda e: (e.identity and e.identity.client_name) or None,
        "principal": lambda e: (
            (e.identity and (e.identity.principal or e.identity.client_id)) or None
        ),
    }
)


def header_reader(name: str) -> Reader:
    """Reads a request header, whatever the case of its name."""
    lower_name = name.lower()

    def read(evaluation: Evaluation) -> Value:
        # Evaluation.header, written out: this is evaluated more often than anything else.
        edits = evaluation.edits
        if edits and lower_name in edits:
            return edits[lower_name]
        return evaluation.request.header(lower_name)

    return read


def claim_reader(name: str) -> Reader:
    """Reads a claim of the token that an earlier policy verified; null without one."""
    return lambda evaluation: from_json(evaluation.claims.get(name))


def query_parameter_reader(name: str) -> Reader:
    """Reads the first query parameter of that name, decoded."""

    def read(evaluation: Evaluation) -> Value:
        pairs = parse_qsl(_query(evaluation), keep_blank_values=True)
        return next((value for key, value in pairs if key == name), None)

    return read


def _query(evaluation: Evaluation) -> str:
    return evaluation.request.path.partition("?")[2]
