"""access-block: denies every request."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from adapter.policy.policies.shared.configuration import Configuration, read_configuration
from adapter.policy.rule import Rule, always
from adapter.policy.verdicts import Deny, DenyReason

BLOCKED: Final = Deny(DenyReason.ACCESS_BLOCKED, 403, "Access is blocked")


class AccessBlock(Configuration):
    """Denies every request. It has no configuration."""


def compile_access_block(given: Mapping[str, Any]) -> Rule:
    """Compile the policy; raises PolicyError."""
    read_configuration(AccessBlock, given)
    return replace(always(BLOCKED), judges_connections=True)
