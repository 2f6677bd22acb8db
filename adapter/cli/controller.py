"""`policy-adapter controller`: makes a mesh ask the adapter, as ApiBindings say."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from adapter.cli.common import ConfigOption, fail, write_file
from adapter.errors import ConfigurationError


def controller(
    config: ConfigOption = None,
    endpoint: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="File to write, with the address of the probes."),
    ] = None,
) -> None:
    """Make a mesh ask the adapter, as ApiBindings say.

    The controller reads ApiBindings from a Kubernetes cluster, and applies the objects that make
    the mesh's Envoys ask the adapter. See docs/mesh/controller.md.
    """
    # Only here, because these imports take time that other commands do not need to spend.
    from adapter.app.controller import serve_controller  # noqa: PLC0415
    from adapter.app.signals import stop_on_signals  # noqa: PLC0415
    from adapter.settings.controller import load_controller_settings  # noqa: PLC0415
    from adapter.telemetry.logs import configure_logging  # noqa: PLC0415

    def announce(address: str) -> None:
        if endpoint is not None:
            write_file(endpoint, address + "\n")

    async def run() -> None:
        stopping = asyncio.Event()
        stop_on_signals(stopping.set)
        await serve_controller(settings, announce, stopping)

    try:
        settings = load_controller_settings(config)
        observability = settings.observability
        configure_logging(observability.log_level, observability.log_format)
        asyncio.run(run())
    except ConfigurationError as e:
        fail(e)
