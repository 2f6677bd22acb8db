"""Settings in environment variables.

`POLICY_ADAPTER_PLATFORM__CLIENT_SECRET` overrides `client_secret` of the group `platform`. Letter
case does not matter. The text `null` stands for null.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from pydantic import BaseModel

PREFIX: Final = "POLICY_ADAPTER_"


def variable(setting: str) -> str:
    """The variable of a setting: `listener.token` has `POLICY_ADAPTER_LISTENER__TOKEN`."""
    return PREFIX + setting.replace(".", "__").upper()


def settings_in(model: type[BaseModel], group: str = "") -> Iterator[str]:
    """The names of all settings of a model, such as `listener.token`."""
    for name, field in model.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from settings_in(inner, f"{group}{name}.")
        else:
            yield f"{group}{name}"


def overridden(
    content: Mapping[str, Any], model: type[BaseModel], environment: Mapping[str, str]
) -> dict[str, Any]:
    """The content of a settings file with the values of the environment in it."""
    given = {name.upper(): text for name, text in environment.items()}
    merged = dict(content)
    for setting in settings_in(model):
        text = given.get(variable(setting))
        if text is not None:
            _put(merged, setting.split("."), None if text == "null" else text)
    return merged


def unknown_variables(model: type[BaseModel], environment: Mapping[str, str]) -> Iterator[str]:
    """The variables that have our prefix and set nothing."""
    known = set(map(variable, settings_in(model)))
    for name in sorted(environment):
        if name.upper().startswith(PREFIX) and name.upper() not in known:
            yield name


def _put(group: dict[str, Any], path: list[str], value: str | None) -> None:
    """Set the value, in copies of the groups on the way; a group that is no group stays a fault."""
    name, *rest = path
    if not rest:
        group[name] = value
        return
    inner = group.get(name)
    if inner is None or isinstance(inner, Mapping):
        group[name] = inner = dict(inner or {})
        _put(inner, rest, value)
