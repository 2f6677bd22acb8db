"""What this adapter calls itself."""

import socket
from pathlib import PurePath

from adapter.settings import Settings


def instance_id(settings: Settings, address: str) -> str:
    """The name in the settings, or the default for the address where Envoy reaches it."""
    return settings.reports.instance_id or default_instance_id(address)


def default_instance_id(address: str) -> str:
    """The name of the machine, and the port or the socket of the listener."""
    place = PurePath(address).name.rpartition(":")[2]
    return f"{_host_name()}:{_allowed(place)}"[:100]


def _host_name() -> str:
    return _allowed(socket.gethostname()).lstrip("._-") or "adapter"


def _allowed(text: str) -> str:
    return "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "-" for c in text)
