"""The names that read the request: attributes, authentication and vars."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from adapter.policy.expression import selectors
from adapter.policy.expression.nodes import Node
from adapter.policy.expression.query import query_parameter_reader
from adapter.policy.expression.syntax_errors import unsupported_member
from adapter.policy.expression.tokens import Tokens


def _attribute(tokens: Tokens) -> Node:
    position = tokens.peek().position
    name = tokens.selector()
    if name == "headers":
        return _header(tokens.selector())
    if name == "queryParams":
        return Node(query_parameter_reader(tokens.selector()))
    if name == "clientCertificate":
        return _client_certificate(tokens)
    if name not in selectors.ATTRIBUTES:
        known = ("headers", "queryParams", "clientCertificate", *selectors.ATTRIBUTES)
        raise unsupported_member("attributes", name, known, position)
    return Node(
        selectors.ATTRIBUTES[name],
        inspects_path=name in selectors.PATH_ATTRIBUTES,
        inspects_method=name in selectors.METHOD_ATTRIBUTES,
    )


def _header(name: str) -> Node:
    return Node(
        selectors.header_reader(name),
        headers=frozenset({name.lower()}),
        is_header=True,
        # It is null in every request.
        is_constant=not selectors.can_be_a_header(name),
    )


def _client_certificate(tokens: Tokens) -> Node:
    position = tokens.peek().position
    name = tokens.selector()
    if name not in selectors.CLIENT_CERTIFICATE:
        known = selectors.CLIENT_CERTIFICATE
        raise unsupported_member("attributes.clientCertificate", name, known, position)
    return Node(selectors.CLIENT_CERTIFICATE[name])


def _authentication(tokens: Tokens) -> Node:
    position = tokens.peek().position
    name = tokens.selector()
    if name not in selectors.AUTHENTICATION:
        raise unsupported_member("authentication", name, selectors.AUTHENTICATION, position)
    return Node(selectors.AUTHENTICATION[name])


def _claim(tokens: Tokens) -> Node:
    position = tokens.peek().position
    variable = tokens.selector()
    if variable != "claimSet":
        raise unsupported_member("vars", variable, ("claimSet",), position)
    return Node(selectors.claim_reader(tokens.selector()), has_members=True)


REFERENCES: Final[Mapping[str, Callable[[Tokens], Node]]] = MappingProxyType(
    {"attributes": _attribute, "authentication": _authentication, "vars": _claim}
)
"""Parsers by the first name. Each consumes the selectors after it."""
