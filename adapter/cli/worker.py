"""`policy-adapter worker`: one of several workers. `serve` starts it; people do not."""

import asyncio
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapter.cli.common import fail
from adapter.errors import ConfigurationError
from adapter.runtime import garbage
from adapter.settings.workers import loaded
from adapter.workers.place import WorkerPlace

if TYPE_CHECKING:
    from adapter.app.endpoints import Endpoints


def worker(
    number: Annotated[int, typer.Option(help="The worker's number.")],
    directory: Annotated[Path, typer.Option(help="Directory of the sockets between processes.")],
) -> None:
    """Run one worker. Its settings come from standard input, whose end stops it."""
    with garbage.nothing_to_collect():
        import structlog  # noqa: PLC0415 - see `serve`
        import uvloop  # noqa: PLC0415

        from adapter.app import serving  # noqa: PLC0415
        from adapter.telemetry.logs import configure_logging  # noqa: PLC0415

    settings = loaded(sys.stdin.readline())
    configure_logging(settings.observability.log_level, settings.observability.log_format)
    structlog.contextvars.bind_contextvars(worker=number)

    def announce(found: "Endpoints") -> None:
        typer.echo(json.dumps(asdict(found)))

    place = WorkerPlace(number, directory)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            run = serving.serve_as_worker(settings, place, announce, sys.stdin.fileno())
            runner.run(run)
    except ConfigurationError as e:
        fail(e)
