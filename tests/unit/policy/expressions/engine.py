"""The vendor's engine and ours, asked about the same request.

The engine reads a request as JSON with lower-case header names and decoded query parameters. Names
of plain objects have to be written as they are there: only the vendor's header maps ignore case.
"""

import json
from collections.abc import Mapping
from decimal import Decimal
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

import dataweave

from adapter.errors import ExpressionError
from adapter.policy.expression import Failed, compile_expression
from adapter.policy.expression.numbers import number_text
from adapter.policy.verdicts import Continue, Identity
from tests.unit.policy.gateway import a_request, an_evaluation

HEADERS: Final = {
    "x": "gold",
    "up": "GOLD",
    "num": "12",
    "neg": "-3",
    "plus": "+7",
    "dec": "1.50",
    "exp": "1e3",
    "big": "9007199254740993",
    "pad": " 7",
    "hex": "0x10",
    "t": "true",
    "caps": "TRUE",
    "no": "False",
    "yes": "yes",
    "list": "a,b,,c,,",
    "empty": "",
    "spaces": " \t a b ",
    "nbsp": "\u00a0a\u00a0",
    "accents": "Élan straße ΑΣ",
    "auth": "Bearer abc.def.ghi",
}
QUERY: Final = {"q": "a b", "page": "3", "flag": "", "é": "ü"}
CLAIMS_TEXT: Final = """{
  "sub": "zoe", "level": 3, "ok": true, "off": false, "none": null, "aud": ["a", "b"], "void": [],
  "one": 1.0, "ten": 10.0, "kilo": 1e3, "mega": 1.50e2, "tiny": 1e-7, "half": 0.5, "zero": -0.0,
  "id": 9007199254740993, "next": 9007199254740992, "long": 123456789012345678901234567890,
  "mixed": [1, true, "x", null], "realm_access": {"roles": ["admin", "x"], "n": 1},
  "orgs": [{"id": 7, "name": "first"}, {"id": 8, "name": "second"}], "blank": "", "deep": {"a":
  {"b": {"c": "d"}}}, "number": "42", "truth": "true", "bare": {}
}"""

FAILED: Final = "(failed)"
REFUSED: Final = "(refused)"

_SCRIPT: Final = """%dw 2.0
import * from dw::core::Strings
output application/json
---
[{}]"""


class _Number(NamedTuple):
    """A number as text, so that its spelling is compared too."""

    text: str


class Engine:
    """The vendor's engine, started once."""

    def __init__(self) -> None:
        self._engine = dataweave.DataWeave()
        attributes = {
            "headers": HEADERS,
            "queryParams": QUERY,
            "method": "POST",
            "requestPath": "/orders/7",
            "scheme": "https",
        }
        identity = {"principal": "alice", "clientId": "c1", "clientName": "Shop"}
        self._inputs = {
            "attributes": _json_input(json.dumps(attributes)),
            "authentication": _json_input(json.dumps(identity)),
            "vars": _json_input(f'{{"claimSet": {CLAIMS_TEXT}}}'),
        }

    def __enter__(self) -> Self:
        self._engine.initialize()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._engine.cleanup()

    def value(self, inner: str) -> object:
        """What `inner` evaluates to, or FAILED."""
        result = self._engine.run(_SCRIPT.format(inner), self._inputs)
        if not result.success:
            return FAILED
        text = result.get_bytes().decode("utf-8", "surrogatepass")
        (value,) = json.loads(text, parse_int=_Number, parse_float=_Number)
        return value


def _json_input(text: str) -> Mapping[str, Any]:
    return {"content": text.encode(), "mimeType": "application/json"}


def our_value(inner: str) -> object:
    """The same from our subset, or FAILED, or REFUSED where it does not compile."""
    try:
        expression = compile_expression(f"#[{inner}]")
    except ExpressionError:
        return REFUSED
    request = a_request(HEADERS, path="/orders/7?q=a+b&page=3&flag&%C3%A9=%c3%bc", method="POST")
    evaluation = an_evaluation(request, identity=Identity("c1", "Shop", principal="alice"))
    claims = json.loads(CLAIMS_TEXT, parse_float=Decimal)
    evaluation.establish(Continue(claims=claims))
    value = expression.evaluate(evaluation)
    return FAILED if isinstance(value, Failed) else _as_json(value)


def _as_json(value: Any) -> object:
    if isinstance(value, tuple | list):
        return [_as_json(item) for item in value]
    if isinstance(value, dict):
        return {name: _as_json(member) for name, member in value.items()}
    if isinstance(value, Decimal | int) and not isinstance(value, bool):
        return _Number(number_text(Decimal(value)))
    return value
