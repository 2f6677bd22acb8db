"""`policy-adapter check-policy`: finds mistakes in a policy before it is applied."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from adapter.cli.common import fail
from adapter.errors import ConfigurationError, PolicyError

_MISTAKEN = 1


def check_policy(
    file: Annotated[
        Path,
        typer.Argument(
            help="JSON or YAML with type, configuration and pointcut, or with the platform's "
            "assetId, configurationData and pointcutData."
        ),
    ],
) -> None:
    """Check a policy and print a line for each mistake; no platform is asked.

    The exit code is 0 if the policy can be enforced, 1 if not, and 2 if there is no policy in the
    file.
    """
    # Only here, because these imports are slow.
    from adapter.policy.policies.shared.configuration import read_configuration  # noqa: PLC0415
    from adapter.policy.policy_check import check  # noqa: PLC0415
    from adapter.policy.policy_file import PolicyFile  # noqa: PLC0415

    try:
        policy = read_configuration(PolicyFile, _read(file))
        found = check(policy.asset_id, policy.configuration_data, policy.pointcut)
    except PolicyError as e:
        found = {"faults": [fault._asdict() for fault in e.faults], "warnings": []}
    except ConfigurationError as e:
        fail(e)
    for fault in found["faults"]:
        typer.echo(f"{fault['field']}: {fault['message']}")
    for warning in found["warnings"]:
        typer.echo(f"warning: {warning}")
    if found["faults"]:
        raise typer.Exit(_MISTAKEN)
    typer.echo(f"the policy is valid: {policy.asset_id}")


def _read(file: Path) -> Mapping[str, Any]:
    """The file's content; JSON is YAML, too. Raises ConfigurationError."""
    try:
        document = yaml.safe_load(file.read_text("utf-8"))
        json.dumps(document)
    except OSError as e:
        raise ConfigurationError(f"cannot read {file}: {e.strerror}") from None
    except yaml.YAMLError as e:
        raise ConfigurationError(f"{file} is neither JSON nor YAML: {_problem(e)}") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"cannot read {file}: it is not UTF-8 text") from None
    except TypeError:
        raise ConfigurationError(
            f"{file} has a date or another value that JSON does not have; put it in quotes"
        ) from None
    if not isinstance(document, dict):
        raise ConfigurationError(f"{file} has no policy: write type, configuration and pointcut")
    return document


def _problem(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    return f"see line {mark.line + 1}" if mark else "it contains control characters"
