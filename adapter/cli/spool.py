"""`policy-adapter spool`: events that wait on disk, and those that the platform refused for good.

The commands work beside a running adapter, which sees the changes within a second.
"""

import json
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

import typer

from adapter.analytics.spool.row_values import Row, State
from adapter.analytics.spool.rows import SpoolRows
from adapter.analytics.spool.spool_file import SpoolFileError, operate
from adapter.cli.common import ConfigOption, at_least, fail, settings_of
from adapter.errors import ConfigurationError
from adapter.settings import Settings
from adapter.settings.workers import worker_settings

Result = TypeVar("Result")

_UNITS: Final = ((86_400, "d"), (3_600, "h"), (60, "min"))

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"max_content_width": 100},
    help="Show the events that wait on disk, and decide about those that the platform refused.",
)

FileOption = Annotated[
    Path | None,
    typer.Option("--file", help="The spool file. Default: the one that the settings name."),
]
WorkerOption = Annotated[
    int,
    typer.Option(callback=at_least(0), help="The worker whose spool it is, with several workers."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
IdsArgument = Annotated[list[int] | None, typer.Argument(metavar="ID...", help="Ids of batches.")]
AllOption = Annotated[bool, typer.Option("--all", help="All quarantined batches.")]


@app.command("list")
def list_batches(
    config: ConfigOption = None,
    file: FileOption = None,
    worker: WorkerOption = 0,
    state: Annotated[State | None, typer.Option(help="Only batches in this state.")] = None,
    limit: Annotated[int, typer.Option(callback=at_least(1), help="How many to show.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """List the batches, oldest first: their events, bytes and age, and why they were refused."""
    rows = _operate(_path(config, file, worker), lambda spool: list(spool.rows(state)))
    if as_json:
        typer.echo(json.dumps([_document(row) for row in rows[:limit]], indent=2))
    else:
        typer.echo("\n".join([*_table(rows[:limit]), *_summary(rows, limit)]))


@app.command()
def show(
    batch: Annotated[int, typer.Argument(metavar="ID", help="The id of a batch.")],
    config: ConfigOption = None,
    file: FileOption = None,
    worker: WorkerOption = 0,
    as_json: JsonOption = False,
) -> None:
    """Show one batch with its events, one JSON object per line."""

    def work(spool: SpoolRows) -> tuple[Row, Sequence[bytes]]:
        (row,) = _found(spool, [batch])
        return row, spool.events_of(batch)

    row, events = _operate(_path(config, file, worker), work)
    if as_json:
        document = {**_document(row), "content": [json.loads(event) for event in events]}
        typer.echo(json.dumps(document, indent=2))
        return
    typer.echo("\n".join([*_table([row]), ""]))
    for event in events:
        typer.echo(event.decode())


@app.command()
def retry(
    batches: IdsArgument = None,
    every: AllOption = False,
    config: ConfigOption = None,
    file: FileOption = None,
    worker: WorkerOption = 0,
) -> None:
    """Have the adapter upload quarantined batches again, after all others."""

    def work(spool: SpoolRows) -> list[Row]:
        rows = _chosen(spool, batches, every=every)
        if waiting := [str(row.row_id) for row in rows if row.state is not State.QUARANTINED]:
            raise ConfigurationError(f"not quarantined: {', '.join(waiting)}; it waits already")
        spool.retry([row.row_id for row in rows], int(time.time() * 1000))
        return rows

    typer.echo(f"to be uploaded again: {_amount(_operate(_path(config, file, worker), work))}")


@app.command()
def delete(
    batches: IdsArgument = None,
    every: AllOption = False,
    yes: Annotated[bool, typer.Option("--yes", help="Really delete them.")] = False,
    config: ConfigOption = None,
    file: FileOption = None,
    worker: WorkerOption = 0,
) -> None:
    """Delete batches for good. Their events never reach the platform."""

    def work(spool: SpoolRows) -> list[Row]:
        rows = _chosen(spool, batches, every=every)
        if not yes:
            raise ConfigurationError(f"add --yes to delete {_amount(rows)} for good")
        spool.delete(row.row_id for row in rows)
        return rows

    typer.echo(f"deleted: {_amount(_operate(_path(config, file, worker), work))}")


def _operate(path: Path, work: Callable[[SpoolRows], Result]) -> Result:
    try:
        return operate(path, work)
    except ConfigurationError as e:
        fail(e)
    except SpoolFileError as e:
        fail(ConfigurationError(str(e)))


def _path(config: Path | None, file: Path | None, worker: int) -> Path:
    """The spool that the options mean. Ends the command if there is none."""
    path = file or _path_in(worker_settings(settings_of(config), worker))
    if not path.is_file():
        fail(ConfigurationError(f"{path}: there is no spool file"))
    return path


def _path_in(settings: Settings) -> Path:
    if settings.platform.file is not None:
        fail(ConfigurationError("there is no spool with platform.file; name a file with --file"))
    if settings.spool_file is None:
        fail(
            ConfigurationError(
                "the settings keep events in memory; set state_directory, or name a file with "
                "--file"
            )
        )
    return settings.spool_file


def _chosen(spool: SpoolRows, batches: Sequence[int] | None, *, every: bool) -> list[Row]:
    if every == bool(batches):
        raise ConfigurationError("name the ids of batches, or use --all for all quarantined ones")
    return list(spool.rows(State.QUARANTINED)) if every else _found(spool, batches or ())


def _found(spool: SpoolRows, batches: Iterable[int]) -> list[Row]:
    found = {batch: spool.find(batch) for batch in batches}
    if missing := [str(batch) for batch, row in found.items() if row is None]:
        raise ConfigurationError(f"no such batch: {', '.join(missing)}; it may be uploaded already")
    return [row for row in found.values() if row is not None]


def _document(row: Row) -> dict[str, Any]:
    return {
        "id": row.row_id,
        "state": row.state,
        "events": row.events,
        "bytes": row.bytes,
        "written": _time(row),
        "reason": row.reason,
    }


def _table(rows: Iterable[Row]) -> list[str]:
    """The rows under a head; each column is as wide as its longest value."""
    lines = [("ID", "STATE", "EVENTS", "BYTES", "AGE", "REASON")]
    for row in rows:
        numbers = (f"{row.events:,}", f"{row.bytes:,}", _age(row))
        lines.append((str(row.row_id), row.state, *numbers, row.reason))
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return ["  ".join(map(str.ljust, line, widths)).rstrip() for line in lines]


def _summary(rows: Sequence[Row], limit: int) -> list[str]:
    left_out = [f"... and {len(rows) - limit:,} more batches"] if len(rows) > limit else []
    return [*left_out, "", f"together: {_amount(rows)}"]


def _amount(rows: Sequence[Row]) -> str:
    batches = f"{len(rows):,} batch{'' if len(rows) == 1 else 'es'}"
    return f"{batches}, {sum(row.events for row in rows):,} events"


def _age(row: Row) -> str:
    age_s = max(0, int(time.time() - row.written_ms / 1000))
    for seconds, unit in _UNITS:
        if age_s >= 2 * seconds:
            return f"{age_s // seconds} {unit}"
    return f"{age_s} s"


def _time(row: Row) -> str:
    seconds, milliseconds = divmod(row.written_ms, 1000)
    moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return f"{moment}.{milliseconds:03}Z"
