"""Forms: what a browser sent, checked field by field, and shown again with what is wrong.

A page gets `form: Posted`, checks it against a pydantic model, and shows the same page again if
that fails:

    try:
        new = form.checked(NewTier)
        with visit.writing() as transaction:
            tiers.create(transaction, api, new.columns())
    except FIXABLE as error:
        return _edit_page(visit, form.refused(error), status_of(error))
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, TypeVar
from urllib.parse import unquote_to_bytes

from fastapi import Depends, Request
from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, ValidationError
from starlette.exceptions import HTTPException

from control_plane.errors import Conflict, Invalid, Refused
from control_plane.management.texts import CONTROL_CHARACTERS, address, one_line

MAX_FIELDS: Final = 1000
_FILES: Final = "Too many files"
"""How Starlette says that a form has a file: none is allowed here."""

FIXABLE: Final = (Invalid, Conflict)
"""Refusals that the user can do something about in the form."""

_NAMED_FIELD: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_.]*): (.+)", re.DOTALL)

Model = TypeVar("Model", bound=BaseModel)

_MESSAGES: Final[Mapping[str, str]] = {
    "missing": "Fill in this field.",
    "string_too_short": "Fill in this field.",
    "string_too_long": "Use at most {max_length} characters.",
    "int_parsing": "Write a whole number.",
    "int_from_float": "Write a whole number.",
    "float_parsing": "Write a number.",
    "greater_than_equal": "The least is {ge}.",
    "less_than_equal": "The most is {le}.",
    "literal_error": "Choose one of those in the list.",
    "enum": "Choose one of those in the list.",
    "finite_number": "Write a finite number.",
    "too_short": "Choose at least {min_length}.",
    "too_long": "Choose at most {max_length}.",
    "bool_parsing": "Choose yes or no.",
}


class Fields(BaseModel):
    """The base of models of forms. Blanks around a value are dropped; a list takes every value."""

    model_config = ConfigDict(str_strip_whitespace=True, extra="ignore", frozen=True)


def _like(pattern: str, why: str) -> AfterValidator:
    """A check of the form of a text, which says what the form is."""

    def checked(text: str) -> str:
        if not re.match(pattern, text):
            raise ValueError(why)
        return text

    return AfterValidator(checked)


Email = _like(r"[^@\s]+@[^@\s]+$", "must be an address such as ada@example.com")
WebAddress = _like(r"https?://", "must begin with http:// or https://")
OneLine = AfterValidator(one_line)
"""A field for a name or something else of one line, such as `Annotated[str, OneLine]`."""
Address = AfterValidator(address)
"""A field for the URL of a service."""
Password = Annotated[str, StringConstraints(strip_whitespace=False)]
"""A field for a password. Blanks around it belong to it."""


class InvalidForm(Invalid):
    """Fields of a form are wrong; `errors` says what, by field."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {message}" for name, message in errors.items()))
        self.errors = errors


@dataclass(frozen=True, slots=True)
class Form:
    """The values of a form's fields, and what is wrong with them: what the macros show."""

    values: Mapping[str, Any] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    """By the name of the field; under "" what is wrong with the whole."""
    _shown: dict[str, tuple[str, str]] = field(default_factory=dict)
    """The id and the label of each field that the page shows: what its list of errors says."""

    def value(self, name: str, default: Any = "") -> Any:
        """The value of a field."""
        found = self.values.get(name, default)
        return default if found is None else found

    def labelled(self, name: str, label: str, value: str = "") -> str:
        """The label, which is remembered; `value` is that of a box to tick."""
        self._shown.setdefault(name, (f"field-{name}-{value}" if value else f"field-{name}", label))
        return label

    def id_of(self, name: str) -> str:
        """The id of the element that shows the field."""
        return self._shown.get(name, (f"field-{name}", ""))[0]

    def label_of(self, name: str) -> str:
        """What the page calls the field, as the beginning of a sentence."""
        label = self._shown.get(name, ("", name.replace("_", " ")))[1]
        return label[:1].upper() + label[1:]

    def has(self, name: str, value: str) -> bool:
        """Whether the value of a field is this, or one of several is."""
        found = self.values.get(name)
        return str(value) in map(str, found if isinstance(found, list) else [found])


@dataclass(frozen=True, slots=True)
class Posted:
    """The fields of a form as the browser sent them."""

    fields: Mapping[str, Sequence[str]]

    def text(self, name: str) -> str:
        """The value of a field; empty if it was not sent."""
        return self.fields.get(name, [""])[-1]

    def checked(self, model: type[Model]) -> Model:
        """The model of the fields; raise InvalidForm, which names all fields that are wrong."""
        errors = {
            name: "Remove the control characters."
            for name, values in self.fields.items()
            if any(CONTROL_CHARACTERS.search(value) for value in values)
        }
        try:
            found = model.model_validate(self._given(model))
        except ValidationError as error:
            raise InvalidForm(_messages(error) | errors) from error
        if errors:
            raise InvalidForm(errors)
        return found

    def require_typed(self, name: str) -> None:
        """Raise InvalidForm unless the name was typed into the page that asks (`confirm`)."""
        if self.text("confirmed").strip() != name:
            raise InvalidForm({"confirmed": f"Type {name}, exactly as it is written here."})

    def _given(self, model: type[BaseModel]) -> dict[str, Any]:
        """The fields that the model knows. One that was left empty is missing."""
        given: dict[str, Any] = {}
        for name, info in model.model_fields.items():
            values = self.fields.get(name, [])
            if "list[" in str(info.annotation):
                given[name] = [value for value in values if value]
            elif values and values[-1] != "":
                given[name] = values[-1]
        return given

    def shown(self) -> Form:
        """The form to show again, with the values that were sent."""
        return Form(self._values())

    def refused(self, error: Refused) -> Form:
        """The form to show again: with the values that were sent, and what is wrong with them."""
        if isinstance(error, InvalidForm):
            return Form(self._values(), error.errors)
        named = _NAMED_FIELD.fullmatch(error.message)
        if named and _snake(named[1]) in self.fields:
            return Form(self._values(), {_snake(named[1]): sentence(named[2])})
        return Form(self._values(), {"": sentence(error.message)})

    def _values(self) -> dict[str, Any]:
        return {
            name: values[0] if len(values) == 1 else list(values)
            for name, values in self.fields.items()
        }


async def _posted(request: Request) -> Posted:
    try:
        await _require_utf8(request)
        async with request.form(max_files=0, max_fields=MAX_FIELDS) as form:
            fields: dict[str, list[str]] = {}
            for name, value in form.multi_items():
                fields.setdefault(name, []).append(str(value).replace("\r\n", "\n"))
    except HTTPException as error:
        reason = "it contains a file" if error.detail.startswith(_FILES) else error.detail
        raise Invalid(f"the form can't be read: {reason}") from error
    except UnicodeDecodeError as error:
        raise Invalid("the form can't be read: it is not UTF-8") from error
    return Posted(fields)


async def _require_utf8(request: Request) -> None:
    """Raise UnicodeDecodeError for a form that Starlette would read with replaced characters."""
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        unquote_to_bytes(await request.body()).decode()


InForm = Annotated[Posted, Depends(_posted)]


def _messages(error: ValidationError) -> dict[str, str]:
    found: dict[str, str] = {}
    for each in error.errors(include_url=False):
        name = str(each["loc"][0]) if each["loc"] else ""
        template = _MESSAGES.get(each["type"])
        if template is None:
            message = sentence(each["msg"].removeprefix("Value error, "))
        else:
            message = template.format(**{k: _plain(v) for k, v in each.get("ctx", {}).items()})
        found.setdefault(name, message)
    return found


def _plain(value: Any) -> Any:
    """A number as people write it: 1,440 in place of 1440.0."""
    return f"{int(value):,}" if isinstance(value, (int, float)) and value == int(value) else value


def sentence(text: str) -> str:
    """What is wrong, as a sentence."""
    whole = text[:1].upper() + text[1:]
    return whole if whole.endswith((".", "!", "?")) else f"{whole}."


def _snake(name: str) -> str:
    """The name of a field of the JSON API as forms write it: `instanceLabel`, `instance_label`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
