"""A policy as the platform describes it, in the form of the vendor's examples or the live form.

The vendor's examples have `id`, `assetId` and `configurationData`. The live platform answers
`policyId`, `template` and `configuration`. Both forms are read, even in one entry. If they
contradict each other, that is a fault, since we cannot know which one the admin meant.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from adapter.platform_client.protocol.documents import Document
from adapter.platform_client.protocol.field_types import (
    Identifier,
    WholeText,
    is_empty,
    is_whole_text,
)
from adapter.platform_client.protocol.lenient_json import Unreadable
from adapter.policy.policies.shared.configuration import Whole

MAX_DEPTH: Final = 64
"""Levels of a configuration."""
_MAX_ORDER: Final = 2**53
_MAX_POINTCUTS: Final = 100
_GATEWAY_SUFFIX: Final = re.compile(r"-(?:flex|mule)$")
"""Implementations of a policy type are named after it and a gateway: `rate-limiting-flex`."""


class PointcutDocument(Document):
    """A part of an API; a missing pattern matches everything."""

    method_regex: WholeText | None = None
    uri_template_regex: WholeText | None = None


_Pointcuts = Annotated[list[PointcutDocument], Field(max_length=_MAX_POINTCUTS)]


def _none_if_empty(value: Any) -> Any:
    return None if is_empty(value) else value


class PolicyDocument(Document):
    """A policy as applied to an API or to an environment."""

    id: Identifier
    asset_id: Identifier
    configuration_data: dict[Any, Any] = Field(repr=False)
    order: Annotated[Whole, Field(ge=-_MAX_ORDER, le=_MAX_ORDER)] | None = None
    pointcut_data: Annotated[_Pointcuts | None, BeforeValidator(_none_if_empty)] = None

    @model_validator(mode="before")
    @classmethod
    def _by_one_name(cls, row: Any) -> Any:
        if not isinstance(row, dict):
            return row
        named = {"id": id_of(row), "assetId": _type_of(row), "configurationData": _settings_of(row)}
        return row | named


def id_of(row: Mapping[str, Any]) -> Any:
    """The policy's id. If there are two, either will do: it is only shown."""
    return next(_given(row, "id", "policyId"), None)


def types_of(row: Mapping[str, Any]) -> list[str]:
    """What the row calls the policy's type, each name once.

    The name of an implementation stands for its type, wherever it is: no type of ours ends in a
    gateway's name, and an unknown type would close the API.
    """
    named = [*_given(row, "assetId"), *_given(row.get("template"), "assetId")]
    return _types(named) or _types(_implementations(row))


def _type_of(row: dict[str, Any]) -> Any:
    types = types_of(row)
    if len(types) > 1:
        raise _contradiction("assetId, template.assetId and implementationAsset.assetId")
    return types[0] if types else row.get("assetId")


def _implementations(row: Mapping[str, Any]) -> Iterator[Any]:
    """The names of the policy's implementations; an automated policy lists them all."""
    several = row.get("implementationAssets")
    for asset in [row.get("implementationAsset"), *(several if isinstance(several, list) else ())]:
        yield from _given(asset, "assetId")


def _settings_of(row: dict[str, Any]) -> Any:
    given = [
        value for value in _given(row, "configurationData", "configuration") if not is_empty(value)
    ]
    for value in given:
        why = oddity(value)
        if why is not None:
            raise PydanticCustomError("odd", "configurationData: {why}", {"why": why})
    if len(given) > 1 and given[0] != given[1]:
        raise _contradiction("configurationData and configuration")
    return given[0] if given else {}


def _given(row: Any, *names: str) -> Iterator[Any]:
    """The values of these fields, without missing and empty ones."""
    if isinstance(row, dict):
        yield from (row[name] for name in names if row.get(name) not in (None, ""))


def _types(names: Iterable[Any]) -> list[str]:
    texts = (name for name in names if isinstance(name, str))
    return list(dict.fromkeys(_GATEWAY_SUFFIX.sub("", name) for name in texts))


def _contradiction(names: str) -> PydanticCustomError:
    return PydanticCustomError("contradiction", "{names} contradict each other", {"names": names})


def oddity(settings: Any) -> str | None:
    """Why a configuration cannot be used; None if it can."""
    waiting = [(settings, 1)]
    while waiting:
        value, depth = waiting.pop()
        if depth > MAX_DEPTH:
            return f"it is nested more than {MAX_DEPTH} levels"
        if isinstance(value, Unreadable):
            return f"a part of it cannot be read: {value.why}"
        if isinstance(value, str) and not is_whole_text(value):
            return "a text in it has an unpaired surrogate, which is not a valid character"
        if isinstance(value, dict):
            waiting += [(inner, depth + 1) for pair in value.items() for inner in pair]
        elif isinstance(value, list):
            waiting += [(inner, depth + 1) for inner in value]
    return None
