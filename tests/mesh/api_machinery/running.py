"""Starts etcd, the program for custom resources, and what is around it."""

import asyncio
import json
import ssl
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp
import yaml
from aiohttp import web

from tests.mesh.api_machinery import core_stub
from tests.mesh.api_machinery.front import Front, definitions
from tests.rig.debian_packages import unpacked_program
from tests.rig.go_toolchain import installed
from tests.rig.redis_server import free_port

_DEADLINE_S = 60


class RealApiServer:
    """The API server. `url` speaks HTTP, without a login, and stays over a restart."""

    def __init__(self, command: list[str], log: Path, session: aiohttp.ClientSession) -> None:
        self.url = ""
        self.target = f"https://127.0.0.1:{command[command.index('--secure-port') + 1]}"
        self._command = command
        self._log = log
        self._session = session
        self._process = _started(command, log)

    def restart(self) -> None:
        """Kill the program, and start it again. etcd keeps the objects."""
        self.stop()
        self._process = _started(self._command, self._log)

    def stop(self) -> None:
        """Kill the program."""
        self._process.kill()
        self._process.wait()

    async def until_ready(self) -> None:
        """Return when it serves; raises TimeoutError."""
        async with asyncio.timeout(_DEADLINE_S):
            while not await self._is_ready():  # noqa: ASYNC110 - nobody tells us when
                await asyncio.sleep(0.2)

    async def _is_ready(self) -> bool:
        with suppress(aiohttp.ClientError):
            async with self._session.get(f"{self.target}/readyz") as answer:
                return answer.status == 200
        return False


@asynccontextmanager
async def running_api_server(
    directory: Path, custom: list[dict[str, Any]]
) -> AsyncIterator[RealApiServer]:
    """An API server with these definitions."""
    async with AsyncExitStack() as stack:
        etcd = f"http://127.0.0.1:{free_port()}"
        process = _etcd(directory, etcd)
        stack.callback(process.wait)
        stack.callback(process.kill)
        core = await stack.enter_async_context(_served(core_stub.answer))
        session = await stack.enter_async_context(
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=_unverified()))
        )
        command = _command(directory, etcd, core)
        server = RealApiServer(command, directory / "apiextensions-apiserver.log", session)
        stack.callback(server.stop)
        await server.until_ready()
        for definition in (*definitions(), *custom):
            await _define(session, server.target, definition)
        front = Front(server.target, session)
        server.url = await stack.enter_async_context(_served(front.answer))
        yield server


def _etcd(directory: Path, url: str) -> "subprocess.Popen[bytes]":
    peers = f"http://127.0.0.1:{free_port()}"
    program = unpacked_program("usr/bin/etcd", "etcd-server")
    command = [
        *(str(program), "--data-dir", str(directory / "etcd"), "--log-level", "error"),
        *("--listen-client-urls", url, "--advertise-client-urls", url),
        *("--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers),
        *("--initial-cluster", f"default={peers}", "--unsafe-no-fsync"),
    ]
    return _started(command, directory / "etcd.log")


def _command(directory: Path, etcd: str, core: str) -> list[str]:
    """How the program for custom resources is started."""
    program = installed("k8s.io/apiextensions-apiserver", "v0.36.3")
    access = directory / "core.yaml"
    access.write_text(
        yaml.safe_dump(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [{"name": "core", "cluster": {"server": core}}],
                "users": [{"name": "core", "user": {}}],
                "contexts": [{"name": "core", "context": {"cluster": "core", "user": "core"}}],
                "current-context": "core",
            }
        )
    )
    return [
        *(str(program), "--etcd-servers", etcd, "--bind-address", "127.0.0.1"),
        *("--secure-port", str(free_port()), "--cert-dir", str(directory / "certificates")),
        *("--kubeconfig", str(access), "--authorization-kubeconfig", str(access)),
        *("--authentication-kubeconfig", str(access), "--authentication-skip-lookup"),
        "--enable-priority-and-fairness=false",
    ]


def _started(command: list[str], log: Path) -> "subprocess.Popen[bytes]":
    with log.open("wb") as file:
        return subprocess.Popen(command, stdout=file, stderr=file)


@asynccontextmanager
async def _served(
    answer: Callable[[web.Request], Awaitable[web.StreamResponse]],
) -> AsyncIterator[str]:
    app = web.Application(client_max_size=2**26)
    app["ended"] = asyncio.Event()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        app["ended"].set()
        await runner.cleanup()


def _unverified() -> ssl.SSLContext:
    """The program makes a certificate of its own at each start."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


async def _define(session: aiohttp.ClientSession, target: str, definition: dict[str, Any]) -> None:
    """Create the definition, and wait until its resource is served."""
    spec = definition["spec"]
    url = f"{target}/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    async with session.post(url, json=definition) as answer:
        if answer.status != 201:
            name = definition["metadata"]["name"]
            raise RuntimeError(f"the API server refuses {name}: {await answer.text()}")
    version = next(v["name"] for v in spec["versions"] if v["served"])
    resource = f"{target}/apis/{spec['group']}/{version}/{spec['names']['plural']}"
    async with asyncio.timeout(_DEADLINE_S):
        while True:
            async with session.get(resource) as answer:
                if answer.status == 200 and json.loads(await answer.read())["kind"]:
                    return
            await asyncio.sleep(0.1)
