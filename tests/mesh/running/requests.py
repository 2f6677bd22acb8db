"""Sends requests through an Envoy of a real mesh, and waits for their events."""

import asyncio
import json
import ssl
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import grpc

from support.upstream import ECHO
from tests.mesh.running.site import Site
from tests.rig.polling import eventually
from tests.rig.raw_http import request

_FORGED = [("x-adapter-api-id", "99"), ("x_adapter_client_id", "admin"), ("x-adapter-any", "1")]

Pairs: TypeAlias = list[list[str]]


@dataclass(frozen=True, slots=True)
class Case:
    """A request, and how it must end."""

    host: str
    path: str
    status: int
    api: str = ""
    """The API in the event; empty if the request belongs to none."""
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def is_connection(self) -> bool:
        """Whether it is a connection to a port without HTTP. Its status is 0."""
        return not self.path

    @property
    def is_grpc(self) -> bool:
        """Whether it is a gRPC call."""
        return self.path == ECHO


async def until_served(
    address: str, host: str, path: str = "/ready", tls: ssl.SSLContext | None = None
) -> None:
    """Wait until the control plane has configured its Envoy, and Envoy can ask the adapter."""
    seen = ""

    async def served() -> bool:
        nonlocal seen
        try:
            answer = await request(address, host, path, tls=tls)
        except OSError as e:
            seen = str(e)
            return False
        seen = f"{answer.status} {answer.headers}"
        return answer.status == 200

    try:
        await eventually(served)
    except TimeoutError:
        raise RuntimeError(f"{host}{path} is not served by {address}, but: {seen}") from None


async def send_all(
    mesh: str, address: str, cases: Sequence[Case], site: Site, tls: ssl.SSLContext | None = None
) -> str:
    """What was seen, in a line; raises RuntimeError if it is not what should be."""
    before = len(await site.events(1))
    for case in cases:
        ask = _connected if case.is_connection else _called if case.is_grpc else _asked
        status, seen = await ask(address, case, tls)
        if faults := list(_faults(case, status, seen)):
            raise RuntimeError(f"{mesh}: {case.host}{case.path}: {'; '.join(faults)}")
    wanted = [(case.api, case.status) for case in cases if case.api]
    events = await site.events(before + len(wanted))
    for event in wanted:
        if event not in events:
            raise RuntimeError(f"{mesh}: the event {event} is missing among {events}")
    return f"{mesh}: {len(cases)} requests are answered, and {len(wanted)} events arrive"


async def _asked(address: str, case: Case, tls: ssl.SSLContext | None) -> tuple[int, Pairs]:
    """The status, and the headers that the service saw."""
    answer = await request(address, case.host, case.path, [*_FORGED, *case.headers], tls=tls)
    return answer.status, answer.json()["headers"] if answer.status == 200 else []


async def _called(address: str, case: Case, _: ssl.SSLContext | None) -> tuple[int, Pairs]:
    """The same for a gRPC call."""
    authority = [("grpc.default_authority", case.host)]
    async with grpc.aio.insecure_channel(address, options=authority) as channel:
        ask = channel.unary_unary(case.path, request_serializer=bytes, response_deserializer=bytes)
        return 200, json.loads(await ask(b"", metadata=_FORGED))


async def _connected(address: str, case: Case, _: ssl.SSLContext | None) -> tuple[int, Pairs]:
    """The same for a connection, through which the service answers."""
    host, port = address.rsplit(":", 1)
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"GET / HTTP/1.0\r\n\r\n")
    answer = await reader.read()
    writer.close()
    return (0 if b" 200 " in answer else -1), []


def _faults(case: Case, status: int, seen: Pairs) -> Iterator[str]:
    if status != case.status:
        yield f"the status is {status} instead of {case.status}"
    for name, value in _FORGED:
        if [name, value] in seen:
            yield f"the service sees a forged {name}"
