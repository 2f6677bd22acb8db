"""Shows new credentials to the operator: in files, or on standard output."""

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

import typer

from control_plane.accounts.adapter_settings import adapter_settings
from control_plane.accounts.credentials import Credentials, Publish
from control_plane.errors import ControlPlaneError
from control_plane.store.private_file import new_private_file


def publisher(
    base_url: str | None, *, credentials_file: Path | None, settings_file: Path | None = None
) -> Publish:
    """Writes the files that are named. What is in none of them is printed.

    With `settings_file`, `base_url` must be the platform's address.
    """
    if credentials_file is not None and credentials_file == settings_file:
        raise ControlPlaneError("--credentials-file and --adapter-settings name the same file")

    def publish(credentials: Credentials) -> None:
        texts: dict[Path, str] = {}
        if credentials_file is not None:
            texts[credentials_file] = credentials.as_json(base_url)
        if settings_file is not None:
            texts[settings_file] = adapter_settings(credentials, base_url or "", settings_file)
        write_private(texts)
        if credentials_file is not None:
            typer.echo(f"new credentials are in {credentials_file}")
        else:
            _print(credentials, gateway=settings_file is None)
        if settings_file is not None:
            typer.echo(f"the adapter's settings are in {settings_file}")

    return publish


def write_private(texts: Mapping[Path, str], *, overwrite: bool = False) -> None:
    """Write all files with mode 0600, or none of them."""
    with ExitStack() as files:
        for path, text in texts.items():
            files.enter_context(new_private_file(path, overwrite=overwrite)).write_text(text)


def _print(credentials: Credentials, *, gateway: bool) -> None:
    lines = {
        "organization": credentials.organization_id,
        "environment": credentials.environment_id,
        "admin user": credentials.admin_username,
        "admin password": credentials.admin_password,
    }
    if gateway:
        lines["gateway client id"] = credentials.gateway_client_id
        lines["gateway client secret"] = credentials.gateway_client_secret
    lines |= {"client id": credentials.client_id, "client secret": credentials.client_secret}
    typer.echo("New credentials. They are shown only this once:")
    for name, value in lines.items():
        if value:
            typer.echo(f"  {name:24}{value}")
