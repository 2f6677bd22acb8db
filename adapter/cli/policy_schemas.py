"""`policy-adapter policy-schemas`: prints what policies can be configured with."""

import json
from typing import Annotated

import typer

from adapter.cli.common import fail
from adapter.errors import ConfigurationError


def print_policy_schemas(
    policy_type: Annotated[str | None, typer.Argument(help="One type. Default: all.")] = None,
) -> None:
    """Print JSON Schemas of the configurations of all policy types, or of one."""
    from adapter.policy.policy_schemas import policy_schemas  # noqa: PLC0415 - slow to import

    schemas = policy_schemas()
    if policy_type is not None and policy_type not in schemas:
        known = ", ".join(schemas)
        fail(ConfigurationError(f"unknown policy type {policy_type!r}; known types: {known}"))
    typer.echo(json.dumps(schemas if policy_type is None else schemas[policy_type], indent=2))
