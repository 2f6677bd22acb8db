"""`policy-control-plane login`: gets a token, and prints shell variables for curl.

A script then needs no program that reads JSON:

    eval "$(policy-control-plane login --credentials-file admin.json)"
    curl -H "$AUTH" "$APIS"
"""

import json
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from control_plane.cli.common import DEFAULT_URL, checked_url, failing_in_words
from control_plane.cli.platform_requests import log_in, log_in_client, once_started, read
from control_plane.errors import ControlPlaneError
from control_plane.json_client import expecting


def login(
    url: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="The address of the platform. Default: from the credentials file, or "
            "http://127.0.0.1:8085.",
        ),
    ] = None,
    username: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="The user's name. Default: from the credentials file, or admin."
        ),
    ] = None,
    credentials_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="The file that `serve` or `connected-apps create` has written with "
            "--credentials-file. Without it, the command asks for the password.",
        ),
    ] = None,
) -> None:
    """Log in, and print shell variables for curl.

    Use it as: eval "$(policy-control-plane login)". AUTH is a header with an access token, ORG and
    ENV are ids, and APIS, AUTOMATED_POLICIES, APPLICATIONS and ANALYTICS are addresses. If the
    platform is just starting, the command waits for it for up to 10 seconds.
    """
    with failing_in_words():
        given = once_started(lambda: credentials_in(credentials_file))
        base_url = checked_url(url or given.get("base_url") or DEFAULT_URL)
        with expecting(base_url, "a token for a user with an environment"):
            variables = _variables(base_url, token_for(base_url, given, username))
        for variable, value in variables.items():
            typer.echo(f"{variable}={shlex.quote(value)}")


def token_for(base_url: str, given: Mapping[str, Any], username: str | None = None) -> str:
    """A token of the connected app in the credentials file, or of a user.

    Asks for the password if the file has none.
    """
    if username is None and given.get("client_id"):
        client = str(given["client_id"]), str(given.get("client_secret", ""))
        return once_started(lambda: log_in_client(base_url, *client))
    name = username or given.get("admin_username") or "admin"
    password = given.get("admin_password") or typer.prompt(
        f"Password of {name}", hide_input=sys.stdin.isatty(), err=True
    )
    return once_started(lambda: log_in(base_url, name, password))


def credentials_in(file: Path | None) -> Mapping[str, Any]:
    """The members of the credentials file; none without a file."""
    if file is None:
        return {}
    try:
        members = json.loads(file.read_bytes())
    except ValueError as error:
        raise ControlPlaneError(f"{file} is not a credentials file: it is not JSON") from error
    if not isinstance(members, dict):
        raise ControlPlaneError(f"{file} is not a credentials file: it must hold a JSON object")
    return members


def _variables(base_url: str, token: str) -> Mapping[str, str]:
    organization = read(base_url, "/accounts/api/me", token)["user"]["organization"]["id"]
    environments = f"/accounts/api/organizations/{organization}/environments"
    found = read(base_url, environments, token)["data"]
    if not found:
        raise ControlPlaneError("this login has no role in any environment; ask an owner for one")
    environment = found[0]["id"]
    manager = f"{base_url}/apimanager/api/v1/organizations/{organization}"
    return {
        "AUTH": f"Authorization: Bearer {token}",
        "ORG": organization,
        "ENV": environment,
        "APIS": f"{manager}/environments/{environment}/apis",
        "AUTOMATED_POLICIES": f"{manager}/automated-policies",
        "APPLICATIONS": f"{base_url}/exchange/api/v2/organizations/{organization}/applications",
        "ANALYTICS": f"{base_url}/analytics/1.0/{organization}/environments/{environment}",
    }
