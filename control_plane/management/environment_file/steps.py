"""How a file is applied, and what all steps of an apply work with."""

from dataclasses import dataclass

from control_plane.management.policy_checks.checks import PolicyChecks
from control_plane.management.transaction import Transaction
from control_plane.settings import SecretForm


@dataclass(frozen=True, slots=True)
class Options:
    """How a file is compared and applied."""

    prune: bool = False
    """Whether what is not in the file is deleted."""
    allow_unknown: bool = False
    """Whether policies of unknown types are accepted."""
    compares_secrets: bool = True
    """Whether another secret than the stored one is a change. Otherwise nobody can find out
    whether a guess at a secret is right."""


@dataclass(frozen=True, slots=True)
class Steps:
    """One apply: its transaction, and how it is done."""

    transaction: Transaction
    environment_id: str
    checks: PolicyChecks
    form: SecretForm
    """How client secrets are hashed."""
    options: Options
