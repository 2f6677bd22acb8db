"""The settings of each worker, made from those of the adapter.

Worker 0 has the addresses and files that the settings name, so that a change of `workers` leaves
it where it was. The other workers have addresses and files that follow from these.
"""

import json
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from adapter.settings.addresses import is_unix_socket
from adapter.settings.settings import Settings


def worker_settings(settings: Settings, number: int) -> Settings:
    """The settings of one worker. Its quotas know that all workers count alone."""
    together = settings.quota.processes * settings.workers
    changes: dict[str, Any] = {"quota": {"processes": together}}
    if number:
        changes |= {
            "state_directory": _below(settings.state_directory, number),
            "listener": {"address": worker_address(settings.listener.address, number)},
            "disk_copy": {"directory": _below(settings.disk_copy.directory, number)},
            "reports": {"instance_id": _named(settings.reports.instance_id, number)},
        }
        changes["quota"]["file"] = _beside(settings.quota.file, number)
    return settings.model_copy(
        update={
            name: getattr(settings, name).model_copy(update=change)
            if isinstance(change, dict)
            else change
            for name, change in changes.items()
        }
    )


def worker_addresses(settings: Settings) -> tuple[str, ...]:
    """Where Envoy reaches each worker."""
    address = settings.listener.address
    return tuple(worker_address(address, number) for number in range(settings.workers))


def worker_address(address: str, number: int) -> str:
    """The next ports or sockets: `127.0.0.1:9001` has `127.0.0.1:9002` for worker 1.

    Port 0 stays, because the system gives each worker another one. `unix:/run/a.sock` has
    `unix:/run/a.sock.1`.
    """
    if number == 0:
        return address
    if is_unix_socket(address):
        return f"{address}.{number}"
    host, _, port = address.rpartition(":")
    return f"{host}:{int(port) + number if int(port) else 0}"


def dumped(settings: Settings) -> str:
    """All settings as JSON, with their secrets: only for the standard input of a worker."""
    return json.dumps(settings.model_dump(), default=_plain)


def loaded(text: str) -> Settings:
    """The settings in the JSON of `dumped`."""
    return Settings.model_validate_json(text)


def worker_directory(directory: Path, number: int) -> Path:
    """Where worker `number` keeps its files; worker 0 has the directory itself."""
    return directory / f"worker-{number}" if number else directory


def _plain(value: object) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


def _below(directory: Path | None, number: int) -> Path | None:
    return None if directory is None else worker_directory(directory, number)


def _beside(file: Path | None, number: int) -> Path | None:
    return None if file is None else file.with_name(f"{file.name}.{number}")


def _named(instance_id: str | None, number: int) -> str | None:
    """The name for reports; cut off, because a name has at most 100 characters."""
    return None if instance_id is None else f"{instance_id[:97]}.{number}"
