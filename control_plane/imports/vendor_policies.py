"""Policies in the vendor's form, as API Manager and Flex Gateway have them."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from control_plane.imports.reading import present
from control_plane.imports.source import Part
from control_plane.management.policies import VENDOR_GROUP_ID
from control_plane.management.policy_checks.checks import type_of

_MASK: Final = re.compile("[*\u2022\u25cf]{3,}")
"""What consoles show in the place of a secret."""


def vendor_policy(
    asset_id: str,
    configuration: Any,
    *,
    group_id: str | None = None,
    pointcut: Any = None,
    disabled: bool | None = None,
    rule: Mapping[str, Any] | None = None,
) -> Part:
    """A policy with the vendor's type and configuration.

    The version of its asset is left out: gateways of ours have one version of each type.
    """
    policy_type = type_of(asset_id)
    if group_id not in (None, VENDOR_GROUP_ID):
        return Part(policy_type, refusal=f"it is a custom policy of the group {group_id}")
    if masked := sorted(_masked_places(configuration, "configurationData")):
        return Part(policy_type, refusal=f"the source hides {', '.join(masked)}")
    members = present(
        configuration_data=configuration,
        pointcut_data=pointcut,
        disabled=disabled or None,
        rule_of_application=rule,
    )
    return Part(policy_type, {"assetId": policy_type, **members})


def _masked_places(value: Any, place: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _masked_places(inner, f"{place}.{name}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _masked_places(inner, f"{place}.{index}")
    elif isinstance(value, str) and _MASK.fullmatch(value.strip()):
        yield place
