"""`policy-adapter check-config`: checks the settings."""

import typer

from adapter.cli.common import ConfigOption, settings_of


def check_config(config: ConfigOption = None) -> None:
    """Check the settings and print all errors in them."""
    settings = settings_of(config)
    typer.echo(f"the settings are valid; the platform is {settings.platform.base_url}")
