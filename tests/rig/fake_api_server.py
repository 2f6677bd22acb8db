"""A small Kubernetes API server in memory: list, watch, server-side apply, conflicts.

`tests/rig/api_server_contract.py` says what it has in common with a real one; `make mesh` holds the
real one against the same contract.
"""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from tests.rig.object_fields import drop, leaves, merged

Tree = dict[str, Any]
_NO_CONTENT: Tree = {}


class RefusedError(Exception):
    """An answer that is no success."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class Collection:
    """The objects of one resource."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], Tree] = {}
        self.owners: dict[tuple[str, str], dict[tuple[str, ...], str]] = {}
        """Who owns each field."""


class FakeApiServer:
    """Serves any resource whose plural is not in `absent`. `url` is set while it serves."""

    def __init__(self) -> None:
        self.url = ""
        self.is_down = False
        self.absent: set[str] = set()
        self.requests: list[str] = []
        """Method and path of each request, without watches."""
        self._collections: dict[str, Collection] = {}
        self._history: list[tuple[int, str, str, Tree]] = []
        """Version, collection, kind of the event, object."""
        self._versions = itertools.count(1)
        self._version = 0
        self._oldest = 0
        self._grown = asyncio.Event()
        self._watches: set[asyncio.Task[Any]] = set()

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["FakeApiServer"]:
        """Serve on a free port."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        try:
            yield self
        finally:
            self.end_watches()
            await runner.cleanup()

    def put(self, plural_path: str, content: Tree) -> Tree:
        """Create or replace an object, as another client does; `plural_path` ends with a plural."""
        collection = self._collection(plural_path)
        place = content["metadata"]["namespace"], content["metadata"]["name"]
        before = collection.objects.get(place)
        return self._store(plural_path, before, json.loads(json.dumps(content)))

    def remove(self, plural_path: str, namespace: str, name: str) -> None:
        """Delete an object, as another client does."""
        content = self._collection(plural_path).objects.pop((namespace, name))
        self._record(plural_path, "DELETED", content)

    def objects(self, plural_path: str) -> dict[tuple[str, str], Tree]:
        """The objects of a resource."""
        return self._collection(plural_path).objects

    def end_watches(self) -> None:
        """End all watches, as a server does that restarts."""
        for watch in tuple(self._watches):
            watch.cancel()

    def forget_history(self) -> None:
        """Watches from older versions get 410 from now on."""
        self._oldest = self._version

    def _collection(self, path: str) -> Collection:
        return self._collections.setdefault(path, Collection())

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        if self.is_down:
            return web.Response(status=503, text="down")
        path, namespace, name, part = _split(request.path)
        if path.rpartition("/")[2] in self.absent:
            return web.Response(status=404, text="404 page not found")
        if "watch" in request.query:
            return await self._watch(request, path, namespace)
        self.requests.append(f"{request.method} {request.path}")
        body = await request.json() if request.can_read_body else _NO_CONTENT
        try:
            return web.json_response(*self._do(request, path, (namespace, name), part, body))
        except RefusedError as e:
            status = {"kind": "Status", "status": "Failure", "message": str(e), "code": e.code}
            return web.json_response(status, status=e.code)

    def _do(
        self, request: web.Request, path: str, place: tuple[str, str], part: str, body: Tree
    ) -> tuple[Tree]:
        objects = self._collection(path).objects
        if not place[1]:
            if request.method == "GET":
                return (self._list(request, path, place[0]),)
            return (self._create(path, place[0], body),)
        if request.method == "PATCH" and "apply-patch" in request.content_type:
            force = request.query.get("force") == "true"
            return (self._apply(path, place, body, request.query["fieldManager"], force=force),)
        if place not in objects:
            raise RefusedError(404, f'{path} "{place[1]}" not found')
        before = objects[place]
        if request.method == "DELETE":
            uid = body.get("preconditions", {}).get("uid", before["metadata"]["uid"])
            if uid != before["metadata"]["uid"]:
                raise RefusedError(409, "the UID in the precondition does not match")
            self.remove(path, *place)
            return (before,)
        if request.method == "PUT":
            if body["metadata"].get("resourceVersion") != before["metadata"]["resourceVersion"]:
                raise RefusedError(409, "the object has been modified")
            return (self._store(path, before, body),)
        if request.method == "PATCH":
            change = {part: body.get(part, {})} if part else body
            return (self._store(path, before, merged(before, change)),)
        return (before,)

    def _list(self, request: web.Request, path: str, namespace: str) -> Tree:
        found = [
            content
            for place, content in sorted(self._collection(path).objects.items())
            if namespace in {"", place[0]} and _selected(request, content)
        ]
        start = int(request.query.get("continue") or 0)
        end = start + int(request.query.get("limit") or len(found) or 1)
        metadata: Tree = {"resourceVersion": str(self._version)}
        if end < len(found):
            metadata["continue"] = str(end)
        return {"kind": "List", "metadata": metadata, "items": found[start:end]}

    def _create(self, path: str, namespace: str, content: Tree) -> Tree:
        place = namespace, content["metadata"]["name"]
        if place in self._collection(path).objects:
            raise RefusedError(409, f'{path} "{place[1]}" already exists')
        content["metadata"]["namespace"] = namespace
        return self._store(path, None, content)

    def _apply(
        self, path: str, place: tuple[str, str], content: Tree, manager: str, *, force: bool
    ) -> Tree:
        collection = self._collection(path)
        before = collection.objects.get(place)
        owners = collection.owners.setdefault(place, {}) if before else {}
        wanted = leaves({k: v for k, v in content.items() if k not in {"apiVersion", "kind"}})
        current = leaves(before or {})
        for leaf, value in wanted.items():
            owner = owners.get(leaf, "kubectl" if leaf in current else manager)
            if owner != manager and current.get(leaf) != value and not force:
                raise RefusedError(
                    409, f'Apply failed with 1 conflict: conflict with "{owner}": .{".".join(leaf)}'
                )
        after = json.loads(json.dumps(before or content))
        for leaf in [leaf for leaf, owner in owners.items() if owner == manager]:
            if leaf not in wanted:
                drop(after, leaf)
                del owners[leaf]
        stored = self._store(path, before, merged(after, content))
        collection.owners[place] = owners | dict.fromkeys(wanted, manager)
        return stored

    def _store(self, path: str, before: Tree | None, content: Tree) -> Tree:
        """Keep it, with the metadata of a server; a write that changes nothing is no change."""
        old = (before or {}).get("metadata", {})
        metadata = content["metadata"]
        metadata.setdefault("uid", f"uid-{next(self._versions)}")
        metadata.setdefault("creationTimestamp", "2026-11-28T12:00:00Z")
        metadata |= {key: old[key] for key in ("uid", "creationTimestamp") if key in old}
        is_same_spec = before is not None and before.get("spec") == content.get("spec")
        metadata["generation"] = old.get("generation", 0) + (not is_same_spec)
        metadata["resourceVersion"] = old.get("resourceVersion", "")
        if before == content:
            return content
        self._collection(path).objects[metadata["namespace"], metadata["name"]] = content
        self._record(path, "MODIFIED" if before else "ADDED", content)
        return content

    def _record(self, path: str, kind: str, content: Tree) -> None:
        self._version += 1
        content["metadata"]["resourceVersion"] = str(self._version)
        self._history.append((self._version, path, kind, json.loads(json.dumps(content))))
        self._grown.set()
        self._grown = asyncio.Event()

    async def _watch(self, request: web.Request, path: str, namespace: str) -> web.StreamResponse:
        since = int(request.query.get("resourceVersion") or 0)
        response = web.StreamResponse()
        response.content_type = "application/json"
        await response.prepare(request)
        task = asyncio.current_task()
        assert task is not None
        self._watches.add(task)
        try:
            await self._send_events(request, response, path, namespace, since)
        except asyncio.CancelledError:
            task.uncancel()
        finally:
            self._watches.discard(task)
        return response

    async def _send_events(
        self,
        request: web.Request,
        response: web.StreamResponse,
        path: str,
        namespace: str,
        since: int,
    ) -> None:
        if since < self._oldest:
            gone = {"kind": "Status", "code": 410, "message": "too old resource version"}
            await _send(response, "ERROR", gone)
            return
        while True:
            grown = self._grown
            for version, place, kind, content in self._history:
                in_namespace = namespace in {"", content["metadata"]["namespace"]}
                if version > since and place == path and in_namespace:
                    if _selected(request, content):
                        await _send(response, kind, content)
                    since = version
            await grown.wait()


async def _send(response: web.StreamResponse, kind: str, content: Tree) -> None:
    await response.write(json.dumps({"type": kind, "object": content}).encode() + b"\n")


def _split(path: str) -> tuple[str, str, str, str]:
    """The resource's path, the namespace, the name, and the part such as `status`."""
    parts = path.strip("/").split("/")
    count = 2 if parts[0] == "api" else 3
    root, rest = parts[:count], parts[count:]
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 2:
        namespace, rest = rest[1], rest[2:]
    rest += ["", ""]
    return "/".join([*root, rest[0]]), namespace, rest[1], rest[2]


def _selected(request: web.Request, content: Tree) -> bool:
    wanted = dict(
        pair.split("=") for pair in request.query.get("labelSelector", "").split(",") if pair
    )
    return bool(wanted.items() <= content["metadata"].get("labels", {}).items())
