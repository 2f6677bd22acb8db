"""access-block: nobody gets in."""

from typing import Final

from adapter.policy.catalog import AppliedPolicy
from adapter.policy.decision import Deny, DenyReason
from adapter.policy.evaluation import Rule
from adapter.policy.policies.configuration import Configuration, read_configuration

BLOCKED: Final = Deny(DenyReason.ACCESS_BLOCKED, 403, "Access is blocked")


class AccessBlock(Configuration):
    """Nothing to configure."""


def compile_access_block(policy: AppliedPolicy) -> Rule:
    """Compile the policy; raises PolicyError."""
    read_configuration(AccessBlock, policy)
    return Rule(lambda _: BLOCKED)
