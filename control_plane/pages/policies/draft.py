"""A policy as a form has it: what is stored, and what somebody has written over it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from control_plane.management.policies import MAX_CONFIGURATION_DEPTH
from control_plane.management.policy_checks.schema_check import policy_schemas
from control_plane.management.policy_secrets import (
    masked_configuration,
    masks_in,
    restored,
    shown_as_new,
)
from control_plane.management.policy_types import Schema, schema_of
from control_plane.pages.forms import InvalidForm, Posted
from control_plane.pages.policies.form_values import (
    Values,
    fields_of,
    value_of,
    with_row,
    without_row,
)
from control_plane.pages.policies.schema_form import MAX_FIELDS, Part, part_of, rows_of, settings_of
from control_plane.pages.policies.schemas import POINTCUTS
from control_plane.store.json_values import depth_of, nested_too_deeply, require_json

CONFIGURATION: Final = "configurationData"
POINTCUT: Final = "pointcutData"
JSON: Final = "json"
"""The field with the configuration as JSON."""


def title_of(asset_id: str) -> str:
    """What people call a type of policy, such as `Rate limiting`."""
    schema = schema_of(asset_id)
    return asset_id if schema is None else str(schema["title"])


def types_matching(text: str) -> Mapping[str, Schema]:
    """The types of policies whose name or description has all words of the text."""
    words = text.lower().split()
    return {
        name: schema
        for name, schema in policy_schemas().items()
        if all(
            word in f"{name} {schema['title']} {schema['description']}".lower() for word in words
        )
    }


@dataclass(frozen=True, slots=True)
class Draft:
    """What a form has of a policy. `stored` and `scope` are what the database has."""

    asset_id: str
    stored: Mapping[str, Any] = field(default_factory=dict)
    scope: Sequence[Mapping[str, str]] = ()
    fields: Values = field(default_factory=dict)

    @classmethod
    def of(
        cls, asset_id: str, stored: Mapping[str, Any], scope: Sequence[Mapping[str, str]] | None
    ) -> "Draft":
        """The form of what is stored."""
        draft = cls(asset_id, stored, scope or ())
        fields = fields_of(POINTCUT, POINTCUTS, draft.scope, draft.scope)
        return replace(draft, fields=fields).showing(stored, as_json=False)

    @classmethod
    def new(cls, asset_id: str) -> "Draft":
        """The form for a new policy, with a row in each list that must not be empty."""
        draft = cls.of(asset_id, {}, None)
        for part in () if draft.settings is None else rows_of(draft.settings):
            if part.required:
                draft = draft.with_row(part.path)
        return draft

    def posted(self, form: Posted) -> "Draft":
        """The form as somebody sent it, over the same stored policy."""
        return replace(self, fields={name: form.text(name) for name in form.fields})

    @property
    def is_json(self) -> bool:
        """Whether the configuration is edited as JSON."""
        return JSON in self.fields

    @property
    def has_form(self) -> bool:
        """Whether there is a form for the configuration, and not too large a one."""
        return self.schema is not None and self._size() <= MAX_FIELDS

    @property
    def schema(self) -> Schema | None:
        """The schema of the configuration."""
        return schema_of(self.asset_id)

    def _size(self) -> int:
        return 0 if self.is_json or self.settings is None else len(list(settings_of(self.settings)))

    @property
    def settings(self) -> Part | None:
        """The form of the configuration."""
        if self.schema is None:
            return None
        return part_of(CONFIGURATION, self.schema, self.fields, self.stored)

    @property
    def pointcuts(self) -> Part:
        """The form of the scope."""
        return part_of(POINTCUT, POINTCUTS, self.fields, list(self.scope))

    def pointcut(self) -> list[dict[str, str]] | None:
        """The scope that the form says; None for the whole API."""
        found: list[dict[str, str]] = value_of(POINTCUT, POINTCUTS, self.fields, list(self.scope))
        return found or None

    def configuration(self) -> dict[str, Any]:
        """The configuration that the form says; raise InvalidForm if it can't be read."""
        if self.is_json:
            found = _read(self.fields[JSON], self.stored)
        elif self.schema is None:
            raise InvalidForm({JSON: "Write the configuration as JSON."})
        else:
            found = value_of(CONFIGURATION, self.schema, self.fields, self.stored)
        masks = list(masks_in(found, CONFIGURATION))
        if masks:
            why = "*** stands for a stored secret, and none is stored here. Write the whole value."
            raise InvalidForm(dict.fromkeys(masks, why))
        return found

    def with_row(self, path: str) -> "Draft":
        """The form with one more row in the list at the path."""
        schema = POINTCUTS if path.startswith(POINTCUT) else self.schema
        fields = dict(self.fields) if schema is None else with_row(path, schema, self.fields)
        return replace(self, fields=fields)

    def without_row(self, path: str) -> "Draft":
        """The form without the row at the path."""
        return replace(self, fields=without_row(path, self.fields))

    def showing(self, configuration: Mapping[str, Any], *, as_json: bool) -> "Draft":
        """The form of another configuration; as JSON if there is no form for it."""
        others = {
            name: text
            for name, text in self.fields.items()
            if name != JSON and not name.startswith(f"{CONFIGURATION}.")
        }
        if not as_json and self.schema is not None:
            shown = fields_of(CONFIGURATION, self.schema, configuration, self.stored)
            draft = replace(self, fields=others | shown)
            if draft.has_form:
                return draft
        hidden = self._unless_new(configuration)
        text = json.dumps(hidden, indent=2, ensure_ascii=False)
        return replace(self, fields=others | {JSON: text})

    def _unless_new(self, configuration: Mapping[str, Any]) -> Any:
        """The configuration with masks for stored secrets. One that was just written is shown."""
        return shown_as_new(
            configuration,
            masked_configuration(self.schema, configuration),
            self.stored,
            masked_configuration(self.schema, self.stored),
        )


_UNWRITABLE: Final = "a number is too large, or a text can't be written in UTF-8"


def _read(text: str, stored: Mapping[str, Any]) -> dict[str, Any]:
    most = f"Use at most {MAX_CONFIGURATION_DEPTH} levels; gateways refuse more."
    if nested_too_deeply(text.encode()):
        raise InvalidForm({JSON: most})
    try:
        found = require_json(json.loads(text))
    except ValueError as error:
        why = error if isinstance(error, json.JSONDecodeError) else _UNWRITABLE
        raise InvalidForm({JSON: f"This is not JSON: {why}."}) from error
    if not isinstance(found, dict):
        raise InvalidForm({JSON: "Write an object: {...}."})
    if depth_of(found) > MAX_CONFIGURATION_DEPTH:
        raise InvalidForm({JSON: most})
    made: dict[str, Any] = restored(found, stored)
    return made
