"""Expressions from a generator with a fixed seed, for the vendor's engine and ours.

It writes what both take: parentheses around every operator, and wrong types only by way of the
request, because the engine refuses wrong types of literals before it evaluates anything. `default`
stands only after what cannot fail: see `differences`.
"""

from collections.abc import Callable
from random import Random
from typing import Final

SEED: Final = 13
NUMBER_OF_CASES: Final = 600

_ATOMS: Final = {
    "text": (
        *(f"attributes.headers.{name}" for name in ("x", "up", "list", "auth", "empty", "spaces")),
        *("attributes.headers.accents", "attributes.queryParams.q", "attributes.method"),
        *("attributes.requestPath", "authentication.principal", "vars.claimSet.sub"),
        *("vars.claimSet.blank", "'gold'", "'a,b,,c'", "'Zoé'", r"'\$ '", "''"),
    ),
    "digits": (
        *(f"attributes.headers.{name}" for name in ("num", "neg", "plus", "dec", "exp", "big")),
        *("attributes.queryParams.page", "vars.claimSet.number", "'9007199254740992'", "'-0.0'"),
    ),
    "number": (
        *(
            f"vars.claimSet.{name}"
            for name in ("level", "one", "ten", "kilo", "tiny", "id", "long")
        ),
        *("vars.claimSet.half", "vars.claimSet.zero", "vars.claimSet.realm_access.n"),
        *("0", "-1", "2.50", "1e3", "9007199254740993"),
    ),
    "truth": (
        *("vars.claimSet.ok", "vars.claimSet.off", "attributes.headers.t", "vars.claimSet.truth"),
        *("true", "false"),
    ),
    "array": (
        *("vars.claimSet.aud", "vars.claimSet.void", "vars.claimSet.realm_access.roles"),
        *("['a', 'b']", "vars.claimSet.deep.a.none"),
    ),
    "null": ("attributes.headers.absent", "vars.claimSet.none", "vars.claimSet.deep.x.y"),
    "object": ("vars.claimSet.deep", "vars.claimSet.bare"),
}
_WRONG: Final = {
    "attributes.headers.caps",
    *("attributes.headers.yes", "attributes.headers.hex", "attributes.headers.pad"),
    *("vars.claimSet.mixed", "vars.claimSet.orgs", *_ATOMS["null"], *_ATOMS["object"]),
    *(atom for atoms in _ATOMS.values() for atom in atoms if atom.startswith("vars.")),
}
_MARKS: Final = ("','", "'.'", "'o'", "'l'", "' '", "attributes.headers.num", "''", "'zz'")
_PATTERNS: Final = ("/g.*d/", "/[a-z]+/", "/.*,.*/", r"/\w*/", "/(?i)gold/", "/[^ ]+ .*/", "'.?'")


class _Writer:
    """Writes expressions of a wanted type, of a bounded depth."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._by_type: dict[str, tuple[Callable[[int], str], ...]] = {
            "text": (self._changed, self._joined, self._chosen, self._part, self._item),
            "digits": (self._chosen_digits,),
            "number": (self._size,),
            "truth": (self._compared, self._ordered, self._asked, self._logic, self._matched),
            "array": (self._split, self._literal, self._both),
        }

    def write(self, wanted: str, depth: int) -> str:
        """An expression that should have that type, and sometimes has another."""
        if self._random.random() < 0.06:
            return self._random.choice(sorted(_WRONG))
        if depth == 0 or self._random.random() < 0.15:
            return self._random.choice(_ATOMS[wanted])
        return self._random.choice(self._by_type[wanted])(depth - 1)

    def _any(self, depth: int) -> str:
        return self.write(self._random.choice(tuple(self._by_type)), depth)

    def _changed(self, depth: int) -> str:
        name = self._random.choice(("lower", "upper", "trim"))
        return f"{name}({self.write('text', depth)})"

    def _joined(self, depth: int) -> str:
        if self._random.random() < 0.3:
            return f"(({self.write('array', depth)}) joinBy {self._random.choice(_MARKS)})"
        other = self.write(self._random.choice(("text", "number", "truth", "digits")), depth)
        return f"(({self.write('text', depth)}) ++ ({other}))"

    def _chosen(self, depth: int) -> str:
        if self._random.random() < 0.3:
            first = self._random.choice(_ATOMS["null"] + _ATOMS["text"])
            return f"({first} default ({self.write('text', depth)}))"
        test = self.write("truth", depth)
        return f"(if ({test}) ({self.write('text', depth)}) else ({self.write('text', depth)}))"

    def _chosen_digits(self, depth: int) -> str:
        test = self.write("truth", depth)
        return f"(if ({test}) ({self.write('digits', depth)}) else ({self.write('number', depth)}))"

    def _part(self, depth: int) -> str:
        text, mark = self.write("text", depth), self._random.choice(_MARKS)
        if self._random.random() < 0.3:
            return f"(({text}) replace {mark} with ({self.write('text', 0)}))"
        ends = (
            ("Before", "After") if mark == "''" else ("Before", "After", "BeforeLast", "AfterLast")
        )
        return f"substring{self._random.choice(ends)}({text}, {mark})"

    def _item(self, depth: int) -> str:
        whole = self.write(self._random.choice(("array", "text")), depth)
        return f"({whole})[{self._random.randint(-3, 3)}]"

    def _size(self, depth: int) -> str:
        return f"sizeOf({self.write(self._random.choice(('text', 'array')), depth)})"

    def _compared(self, depth: int) -> str:
        symbol = self._random.choice(("==", "!="))
        wanted = self._random.choice(tuple(self._by_type))
        other = self._any(depth) if self._random.random() < 0.2 else self.write(wanted, depth)
        return f"(({self.write(wanted, depth)}) {symbol} ({other}))"

    def _ordered(self, depth: int) -> str:
        left, right = self._random.choice(
            (("digits", "number"), ("number", "digits"), ("number", "number"), ("text", "text"))
        )
        symbol = self._random.choice(("<", ">", "<=", ">="))
        return f"(({self.write(left, depth)}) {symbol} ({self.write(right, depth)}))"

    def _asked(self, depth: int) -> str:
        kind = self._random.choice(("contains", "startsWith", "endsWith", "isEmpty", "isBlank"))
        if kind == "isEmpty":
            return f"isEmpty({self._any(depth)})"
        if kind == "isBlank":
            return f"isBlank({self.write('text', depth)})"
        if kind == "contains" and self._random.random() < 0.5:
            return f"(({self.write('array', depth)}) contains ({self._any(0)}))"
        return f"(({self.write('text', depth)}) {kind} ({self.write('text', 0)}))"

    def _logic(self, depth: int) -> str:
        word = self._random.choice(("and", "or", "not", "!"))
        if word in ("not", "!"):
            return f"({word}({self.write('truth', depth)}))".replace("not(", "not (")
        return f"(({self.write('truth', depth)}) {word} ({self.write('truth', depth)}))"

    def _matched(self, depth: int) -> str:
        return f"(({self.write('text', depth)}) matches {self._random.choice(_PATTERNS)})"

    def _split(self, depth: int) -> str:
        return f"(({self.write('text', depth)}) splitBy {self._random.choice(_MARKS)})"

    def _literal(self, depth: int) -> str:
        return f"[{self._any(depth)}, {self._any(0)}]"

    def _both(self, depth: int) -> str:
        return f"(({self.write('array', depth)}) ++ ({self.write('array', depth)}))"


def generated() -> tuple[str, ...]:
    """The cases, each once."""
    random = Random(SEED)  # noqa: S311 - to repeat a test, not to keep a secret
    writer = _Writer(random)
    types = ("text", "number", "truth", "truth", "array", "digits", "text")
    cases: dict[str, None] = {}
    while len(cases) < NUMBER_OF_CASES:
        cases[writer.write(random.choice(types), random.randint(1, 3))] = None
    return tuple(cases)
