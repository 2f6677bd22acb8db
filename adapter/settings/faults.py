"""What is wrong with settings, and how to mend it."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any, Final, get_args

from pydantic import BaseModel

from adapter.runtime.validation import plain_words
from adapter.settings.environment import PREFIX, settings_in, variable

_RENAMED: Final[Mapping[str, str]] = {
    "listener.tls_certificate": "listener.tls_certificate_file",
    "listener.tls_key": "listener.tls_key_file",
    "listener.tls_client_authority": "listener.tls_client_ca_file",
}
"""The new names of settings whose name has changed."""

_HINTS: Final[Mapping[str, str]] = {
    "model_type": "must be a group of settings, each on an indented line as NAME: VALUE",
    "tuple_type": "must be a list, such as [a, b]",
}


def fault_of(model: type[BaseModel], found: Mapping[str, Any]) -> str:
    """A line about an entry of `ValidationError.errors()`; it contains no secret value."""
    setting = ".".join(map(str, found["loc"]))
    kind, words = found["type"], plain_words(found)
    if kind == "extra_forbidden":
        return unknown_setting(model, setting)
    if kind == "missing":
        return _missing(model, setting)
    if found.get("input", "") is None:
        return f"{setting}: has no value; write one"
    return f"{setting}: {_HINTS.get(kind, words)}"


def unknown_setting(model: type[BaseModel], setting: str) -> str:
    """A line about a setting that does not exist, with its new name or a similar one."""
    return f"{setting}: {_instead(setting, _RENAMED.get(setting), _similar(model, setting))}"


def unknown_variable(model: type[BaseModel], name: str) -> str:
    """A line about a variable with our prefix that sets nothing."""
    known = [variable(setting).removeprefix(PREFIX) for setting in settings_in(model)]
    renamed = {variable(old): variable(new) for old, new in _RENAMED.items()}
    close = get_close_matches(name.upper().removeprefix(PREFIX), known, n=1, cutoff=0.8)
    near = [PREFIX + name for name in close]
    return f"{name}: {_instead(name, renamed.get(name.upper()), near)}"


def _instead(name: str, renamed: str | None, similar: Iterable[str]) -> str:
    if renamed:
        return f"this setting is now {renamed}"
    near = next(iter(similar), None)
    return f"unknown setting; did you mean {near}?" if near and near != name else "unknown setting"


def _similar(model: type[BaseModel], setting: str) -> list[str]:
    """Settings with a similar name in the same group, or with the same name in another group."""
    *group, last = setting.split(".")
    near = get_close_matches(last, _group_at(model, group).model_fields, n=1, cutoff=0.65)
    elsewhere = [name for name in settings_in(model) if name.rpartition(".")[2] == last]
    return [".".join((*group, name)) for name in near] or elsewhere


def _group_at(model: type[BaseModel], path: Iterable[str]) -> type[BaseModel]:
    """The group of this path; a number stands for an item of a list of groups."""
    for name in path:
        if not name.isdecimal():
            kind = model.model_fields[name].annotation
            inner = (kind, *get_args(kind))
            model = next(t for t in inner if isinstance(t, type) and issubclass(t, BaseModel))
    return model


def _missing(model: type[BaseModel], setting: str) -> str:
    where = f"; set it in the file or as {variable(setting)}"
    return f"{setting}: is missing{where if setting in settings_in(model) else ''}"
