"""Titles and descriptions of settings, for the JSON Schemas that forms are made from.

A title is made from the setting's name. The description is the docstring under the field. Both are
made only when a schema is asked for: pydantic can read docstrings too, but does so at each import,
and this would take a third of the time that the policies need to load.
"""

import ast
import inspect
import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from textwrap import dedent
from typing import Any, Final

from pydantic import BaseModel

_NAMES: Final[Mapping[str, str]] = {
    "cors": "CORS",
    "dn": "DN",
    "dpop": "DPoP",
    "http": "HTTP",
    "id": "ID",
    "ip": "IP",
    "ips": "IP addresses",
    "jwks": "JWKS",
    "jwt": "JWT",
    "ldap": "LDAP",
    "millis": "milliseconds",
    "oauth2": "OAuth 2.0",
    "openidconnect": "OpenID Connect",
    "sla": "SLA",
    "ttl": "TTL",
    "url": "URL",
    "username": "user name",
}
"""Words that are not written as the platform's names have them."""
_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+")


def title_of(name: str) -> str:
    """A name of the platform as words: `JWKS URL` for `jwksUrl`."""
    words = [word.lower() for word in _WORD.findall(name)]
    text = " ".join(_NAMES.get(word, word) for word in words)
    return text[:1].upper() + text[1:]


def describe(schema: dict[str, Any], model: type[BaseModel]) -> None:
    """Put titles and descriptions into the schema of a model."""
    texts = {
        name: text for each in reversed(model.__mro__[:-1]) for name, text in _docstrings(each)
    }
    schema["title"] = title_of(model.__name__)
    properties = schema.get("properties", {})
    for name, field in model.model_fields.items():
        described = properties[field.alias]
        described["title"] = title_of(field.alias or name)
        described["description"] = texts[name]


def _docstrings(model: type) -> Iterator[tuple[str, str]]:
    """The fields of a class with the text under each."""
    if not issubclass(model, BaseModel) or model is BaseModel:
        return
    (tree,) = ast.parse(dedent(inspect.getsource(model))).body
    statements = tree.body if isinstance(tree, ast.ClassDef) else []
    for field, text in pairwise(statements):
        match field, text:
            case (
                ast.AnnAssign(target=ast.Name(name)),
                ast.Expr(value=ast.Constant(value=str(said))),
            ):
                yield name, " ".join(said.split())
