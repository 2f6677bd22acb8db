"""Settings whose value must differ from request to request, such as the place of a client id.

Plain text is allowed in many settings. In these it is a mistake with consequences: a key that is
the same for all requests makes all clients share one limit.
"""

import re
from typing import Annotated, Final

from pydantic import AfterValidator, ValidationInfo

from adapter.errors import ExpressionError
from adapter.policy.expression import compile_expression
from adapter.policy.expression.selectors import ATTRIBUTES, can_be_a_header
from adapter.policy.policies.shared.configuration import ExpressionSource

_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_PLACES: Final = {"client_secret_expression": "client_secret", "jwt_expression": "jwt"}
"""Usual headers of credentials, by setting; `client_id` for the others."""
_EXAMPLE: Final = "an expression such as #[attributes.headers['x-tenant']]"


def _is_plain(source: str) -> bool:
    return bool(source.strip()) and not source.lstrip().startswith("#[")


def _only_an_expression(source: str) -> str:
    if _is_plain(source):
        raise ValueError(
            "must be an expression, because plain text is the same for all requests; "
            f"write {_meant(source.strip())}"
        )
    return source


def _only_a_place(source: str, info: ValidationInfo) -> str:
    if not source.strip():
        return source
    expression = compile_expression(source)
    for name in sorted(expression.headers):
        if expression.is_constant and not can_be_a_header(name):
            raise ValueError(f"no request can have a header called {name!r}; correct the name")
    if expression.is_constant or expression.may_be_fixed:
        place = _PLACES.get(info.field_name or "", "client_id")
        raise ValueError(
            "must be an expression that says where it is in the request, such as "
            f"#[attributes.headers['{place}']]: a text that is written here would let in clients "
            "that send none"
        )
    return source


RequestExpression = Annotated[ExpressionSource, AfterValidator(_only_an_expression)]
"""An expression, or blank. A constant is accepted as an expression only, such as `#['all']`."""

CredentialExpression = Annotated[ExpressionSource, AfterValidator(_only_a_place)]
"""Where credentials are in the request, or blank.

It may not have a value of its own, not even as the last choice: `#[x default 'the id']` would make
everybody this client. A message never repeats the text, because it may be a secret.
"""


def _meant(text: str) -> str:
    """What an admin probably meant by plain text in the place of an expression."""
    if text in ATTRIBUTES:
        return f"#[attributes.{text}]"
    if _NAME.fullmatch(text):
        return f"#[attributes.headers['{text}']]"
    return next(filter(_reads_the_request, _wrapped(text)), _EXAMPLE)


def _wrapped(text: str) -> tuple[str, ...]:
    """The text as an expression, without brackets that were written instead of `#[...]`."""
    inner = text.removeprefix("#").removeprefix("$")
    return f"#{inner}", f"#[{inner[1:-1].strip()}]", f"#[{text}]"


def _reads_the_request(source: str) -> bool:
    if not source.startswith("#["):
        return False
    try:
        return not compile_expression(source).is_constant
    except ExpressionError:
        return False
