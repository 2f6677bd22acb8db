"""Checks the addresses to listen on.

Nothing listens meanwhile: a port is bound for a moment, which tells whether this user may use it,
and whether its host is this machine. A port in use is only noted, because the adapter may be
running while its settings are checked.
"""

import errno
import os
import socket
from pathlib import Path
from typing import Final

from adapter.app.preflight.directories import check_writable
from adapter.app.preflight.findings import Findings
from adapter.errors import ConfigurationError
from adapter.runtime.system_errors import system_words
from adapter.settings.groups import ListenerSettings, ObservabilitySettings
from adapter.settings.workers import worker_address
from adapter.transport.addresses import LAST_PORT, group_id, is_tcp, socket_path

LONGEST_SOCKET_PATH: Final = 107
"""Bytes that fit into an address of a Unix socket on Linux (unix(7))."""


def check_addresses(
    findings: Findings,
    listener: ListenerSettings,
    observability: ObservabilitySettings,
    workers: int,
) -> None:
    """Find addresses that cannot be used on this machine, or that are given twice."""
    named = {
        "listener.address": listener.address,
        **{
            f"listener.address of worker {number}": worker_address(listener.address, number)
            for number in range(1, workers)
        },
        "observability.metrics_address": observability.metrics_address,
        "observability.inspection_address": observability.inspection_address,
    }
    seen: dict[str, str] = {}
    for name, address in named.items():
        if address is None:
            continue
        other = seen.setdefault(address, name)
        if other != name and not address.endswith(":0"):
            findings.faults.append(f"{name}: {address} is also {other}; choose another port")
        elif is_tcp(address):
            _check_port(findings, name, address)
    path = socket_path(listener.address)
    if path is not None:
        _check_socket(findings, listener, path, len(f".{workers - 1}") if workers > 1 else 0)
    elif listener.socket_group is not None:
        findings.notes.append(
            f"listener.socket_group: has no effect, because {listener.address} is no Unix socket "
            "with a path"
        )


def _check_port(findings: Findings, name: str, address: str) -> None:
    host, _, port = address.rpartition(":")
    if int(port) > LAST_PORT:  # getaddrinfo would use the port modulo 65536
        findings.faults.append(f"{name}: there is no port {port}; choose a lower listener.address")
        return
    try:
        family, kind, *_, where = socket.getaddrinfo(
            host.strip("[]"), int(port), type=socket.SOCK_STREAM
        )[0]
        with socket.socket(family, kind) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(where)
    except socket.gaierror:
        findings.faults.append(f"{name}: the host name {host} cannot be resolved")
    except OSError as e:
        if e.errno == errno.EADDRINUSE:
            findings.notes.append(f"{name}: {address} is in use now; is this adapter running?")
        else:
            findings.faults.append(f"{name}: {_why_not(e, host, port)}")


def _why_not(error: OSError, host: str, port: str) -> str:
    if error.errno == errno.EADDRNOTAVAIL:
        return f"{host} is not an address of this machine; choose one of its own, or 0.0.0.0"
    if error.errno in {errno.EACCES, errno.EPERM}:
        return f"this user may not listen on port {port}; choose a port above 1023"
    return f"cannot listen on {host}:{port}: {system_words(error)}"


def _check_socket(
    findings: Findings, listener: ListenerSettings, path: Path, suffix_bytes: int
) -> None:
    """Find a path that cannot be used. The sockets of other workers have a suffix."""
    if len(os.fsencode(path)) + suffix_bytes > LONGEST_SOCKET_PATH:
        findings.faults.append(
            f"listener.address: the path of the socket has more than {LONGEST_SOCKET_PATH} bytes"
        )
    elif not path.parent.is_dir():
        findings.faults.append(
            f"listener.address: the directory {path.parent} does not exist; create it"
        )
    else:
        check_writable(findings, "listener.address", path.parent)
    if not path.is_absolute():
        findings.notes.append(
            f"listener.address: {path} is relative to the directory in which serve starts, and "
            f"Envoy would look in its own; write unix:{path.absolute()}"
        )
    if path.exists() and not path.is_socket():
        findings.faults.append(
            f"listener.address: {path} exists and is not a socket; choose another path"
        )
    if listener.socket_group is not None:
        _check_group(findings, listener.socket_group)


def _check_group(findings: Findings, group: str) -> None:
    try:
        number = group_id(group)
    except ConfigurationError as e:
        findings.faults.append(str(e))
        return
    if os.geteuid() != 0 and number not in {os.getegid(), *os.getgroups()}:
        findings.faults.append(
            f"listener.socket_group: this user is not a member of the group {group}, so it cannot "
            "give it the socket; make it a member"
        )
