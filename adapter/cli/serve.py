"""`policy-adapter serve`: runs the adapter."""

import asyncio
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adapter.cli.common import ConfigOption, examined_settings, fail, write_file
from adapter.errors import ConfigurationError
from adapter.runtime import garbage
from adapter.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from adapter.app.endpoints import Endpoints

    Announce = Callable[[Endpoints], None]


def serve(
    config: ConfigOption = None,
    endpoints: Annotated[
        Path | None,
        typer.Option(help="JSON file to write, with the adapter's own addresses."),
    ] = None,
) -> None:
    """Run the adapter until SIGTERM. SIGHUP reloads certificates and syncs."""
    # Only here, because these imports take time that other commands do not need to spend.
    with garbage.nothing_to_collect():
        import structlog  # noqa: PLC0415
        import uvloop  # noqa: PLC0415

        from adapter.telemetry.logs import configure_logging  # noqa: PLC0415

        settings, notes = examined_settings(config)
        run = _serving(settings)
    configure_logging(settings.observability.log_level, settings.observability.log_format)
    for note in notes:
        structlog.get_logger().warning("settings.note", note=note)

    def announce(found: "Endpoints") -> None:
        if endpoints is not None:
            write_file(endpoints, json.dumps(asdict(found)) + "\n")

    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(run(settings, announce))
    except ConfigurationError as e:
        fail(e)


def _serving(settings: Settings) -> "Callable[[Settings, Announce], Coroutine[Any, Any, None]]":
    """What runs: an adapter, or the parent of several, which needs only some of the imports."""
    if settings.workers > 1:
        from adapter.app.parent import serve_workers  # noqa: PLC0415

        return serve_workers
    from adapter.app.serving import serve as serve_alone  # noqa: PLC0415

    return serve_alone
