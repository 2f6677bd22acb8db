"""Compares an environment file with an environment, and applies it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from control_plane.management import audit_log, environments
from control_plane.management.environment_file.apply import Apply
from control_plane.management.environment_file.changes import Change, changes_of
from control_plane.management.environment_file.content import Content
from control_plane.management.environment_file.matching import Matched, match
from control_plane.management.environment_file.mistake import MistakenFile
from control_plane.management.environment_file.mistakes import mistakes_of
from control_plane.management.environment_file.secrets import (
    with_stored_secrets,
    without_any_secrets,
)
from control_plane.management.environment_file.steps import Options, Steps
from control_plane.management.environment_file.warnings import warnings_of
from control_plane.management.policy_checks.checks import PolicyChecks


@dataclass(frozen=True, slots=True)
class Comparison:
    """What an apply would do."""

    matched: Matched
    changes: Sequence[Change]
    warnings: Sequence[str]


def compare(stored: Content, wanted: Content, checks: PolicyChecks, options: Options) -> Comparison:
    """What the file changes; raise MistakenFile with everything that is wrong with it."""
    matched = with_stored_secrets(match(stored, wanted))
    if mistakes := mistakes_of(matched, checks, options):
        raise MistakenFile(mistakes)
    compared = matched if options.compares_secrets else without_any_secrets(matched)
    changes = changes_of(compared, prune=options.prune)
    return Comparison(matched, changes, [*warnings_of(compared, checks)])


def apply(steps: Steps, comparison: Comparison) -> None:
    """Make the changes of the comparison, which must be of the same transaction.

    One audit entry names the apply, and each change has its own. Without changes there is none.
    """
    if not comparison.changes:
        return
    transaction = steps.transaction
    environment = environments.get(
        transaction.session, transaction.organization_id, steps.environment_id
    )
    audit_log.record_apply(transaction, environment, Counter(c.action for c in comparison.changes))
    Apply(steps, comparison.matched).run()
