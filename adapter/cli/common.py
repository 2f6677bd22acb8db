"""What the commands share: settings, files and failures."""

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Annotated, NoReturn

import typer

from adapter.errors import ConfigurationError
from adapter.settings import Settings, load_settings
from adapter.settings.loading import bad_settings, read_settings

_BAD_SETTINGS = 2

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", help="YAML file of settings; environment variables override it."),
]


def settings_of(config: Path | None) -> Settings:
    """The settings in this file and the environment. Ends the command if they are unusable."""
    try:
        return load_settings(config)
    except ConfigurationError as e:
        fail(e)


def examined_settings(config: Path | None) -> tuple[Settings, list[str]]:
    """Settings that `serve` can start with, and notes about them.

    Ends the command with all faults, in the settings and on this machine, if there are any.
    """
    from adapter.app.preflight import examine  # noqa: PLC0415 - other commands need not import it

    try:
        reading = read_settings(config)
        findings = examine(reading.parts)
        faults = (*reading.faults, *findings.faults)
        if reading.settings is None or faults:
            raise bad_settings(config, faults)
    except ConfigurationError as e:
        fail(e)
    return reading.settings, findings.notes


def print_notes(notes: Iterable[str]) -> None:
    """Print what should be looked at, although nothing is wrong."""
    for note in notes:
        typer.echo(f"note: {note}")


def at_least(least: int) -> Callable[[int], int]:
    """The callback of an option that takes a number: refuses smaller ones, in our words."""

    def checked(number: int) -> int:
        if number < least:
            raise typer.BadParameter(f"must be at least {least}")
        return number

    return checked


def write_file(file: Path, text: str) -> None:
    """Write it. Raises ConfigurationError if that is not possible."""
    try:
        file.write_text(text)
    except OSError as e:
        raise ConfigurationError(f"cannot write {file}: {e.strerror}") from e


class CollectedErrors:
    """Collects errors, so that an operator sees all of them at once.

    with errors:
        route = read_api(text)
    errors.raise_all()
    """

    def __init__(self) -> None:
        self._messages: list[str] = []

    def __enter__(self) -> None:
        """Begin a step that may raise ConfigurationError."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        """Collect a ConfigurationError."""
        if isinstance(error, ConfigurationError):
            self._messages.append(str(error))
            return True
        return False

    def add(self, messages: Iterable[str]) -> None:
        """Collect messages that nobody raised."""
        self._messages.extend(messages)

    def raise_all(self) -> None:
        """Raise one ConfigurationError with all messages, if there is any."""
        if self._messages:
            raise ConfigurationError("\n".join(self._messages))


def fail(error: ConfigurationError) -> NoReturn:
    """End the command with the error on standard error and exit code 2."""
    print(f"policy-adapter: {error}", file=sys.stderr)  # noqa: T201 - it is the command's answer
    raise typer.Exit(_BAD_SETTINGS)
