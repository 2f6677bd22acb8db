"""What environment files call the columns of tables, and how people call things."""

from typing import Final

from pydantic.alias_generators import to_camel

from control_plane.management.environment_file.content import (
    Api,
    Application,
    Contract,
    Policy,
    Tier,
)

_OTHER_NAMES: Final = {
    "configuration": "configurationData",
    "pointcut": "pointcutData",
    "redirect_uris": "redirectUri",
}


def member_of(column: str) -> str:
    """The member for a column, such as `instanceLabel`."""
    return _OTHER_NAMES.get(column) or to_camel(column)


def described(thing: Api | Policy | Tier | Contract | Application) -> str:
    """How people call the thing, such as `17 (orders 1.0.0)`."""
    match thing:
        case Api():
            label = thing.columns["instance_label"]
            name = f"{thing.asset_id} {thing.columns['asset_version']}"
            return _numbered(thing.id, f"{name} {label}" if label else name)
        case Policy():
            return _numbered(thing.id, thing.columns["asset_id"])
        case Contract():
            return f"of {thing.application or thing.client_id}"
        case _:
            return thing.name


def _numbered(number: int | None, name: str) -> str:
    return name if number is None else f"{number} ({name})"
