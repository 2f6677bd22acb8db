"""The operations of the Kubernetes API that the controller needs."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, Final, NamedTuple

from adapter.controller.core.resources import Key, Resource
from adapter.controller.kubernetes import paths
from adapter.controller.kubernetes.api_server import ApiServer
from adapter.controller.kubernetes.failures import ApiServerError
from adapter.envoy_config.parts.tree import Tree
from adapter.errors import PlatformError
from adapter.platform_client.http.exchange import (
    Exchange,
    Http,
    HttpError,
    HttpRequest,
    OpenHttp,
    WholeResponse,
    retry_after_s,
)
from adapter.runtime.clock import Clock

_PAGE: Final = 500
_APPLY: Final = "application/apply-patch+yaml"
_MERGE: Final = "application/merge-patch+json"
_LONGEST_LINE: Final = 16 * 1024 * 1024
"""Of a watch, in bytes. etcd holds objects of 1.5 MiB."""
_WATCH_S: Final = 240
"""The server ends a watch after this time, so that one that hangs is noticed."""
_LATE_S: Final = 30


class Listed(NamedTuple):
    """All objects, and the version to watch from."""

    items: list[Tree]
    version: str


class WatchEvent(NamedTuple):
    """A change."""

    kind: str
    """ADDED, MODIFIED, DELETED or BOOKMARK."""
    content: Tree


class KubernetesClient:
    """Asks the API server. All methods raise ApiServerError."""

    def __init__(
        self, server: ApiServer, exchange: Exchange, opened: OpenHttp, clock: Clock, manager: str
    ) -> None:
        self._server = server
        self._exchange = exchange
        self._opened = opened
        self._clock = clock
        self._manager = manager
        """The name of the field manager: who made a change."""

    async def list(self, resource: Resource, namespace: str | None, selector: str = "") -> Listed:
        """All objects, page by page."""
        items: list[Tree] = []
        query: dict[str, str | int] = {"limit": _PAGE}
        if selector:
            query["labelSelector"] = selector
        while True:
            page = await self._json("GET", paths.collection(resource, namespace, query))
            items += page.get("items") or []
            metadata = page.get("metadata", {})
            if "resourceVersion" not in metadata:
                raise ApiServerError(
                    f"list {resource.plural}: the answer is not a list of objects; check "
                    "kubernetes.url"
                )
            if not metadata.get("continue"):
                return Listed(items, metadata["resourceVersion"])
            query["continue"] = metadata["continue"]

    async def get(self, key: Key) -> Tree:
        """One object."""
        return await self._json("GET", paths.one(key))

    async def apply(self, key: Key, content: Tree, *, force: bool) -> Tree:
        """Server-side apply; `force` takes fields from other managers."""
        query: dict[str, str | int] = {"fieldManager": self._manager, "force": str(force).lower()}
        return await self._json("PATCH", paths.one(key, query), content, _APPLY)

    async def patch(self, key: Key, change: Tree, part: str = "") -> Tree:
        """Merge a change into an object that exists, or into a part of it."""
        query: dict[str, str | int] = {"fieldManager": self._manager}
        return await self._json("PATCH", paths.one(key, query, part), change, _MERGE)

    async def create(self, resource: Resource, namespace: str, content: Tree) -> Tree:
        """Create an object."""
        query: dict[str, str | int] = {"fieldManager": self._manager}
        return await self._json("POST", paths.collection(resource, namespace, query), content)

    async def replace(self, key: Key, content: Tree) -> Tree:
        """Replace an object, if nobody has changed it since `content` was read."""
        return await self._json("PUT", paths.one(key), content)

    async def delete(self, key: Key, uid: str) -> None:
        """Delete this object, and not one that has taken its name."""
        options = {"kind": "DeleteOptions", "apiVersion": "v1", "preconditions": {"uid": uid}}
        await self._json("DELETE", paths.one(key), options)

    async def watch(
        self, resource: Resource, namespace: str | None, selector: str, version: str
    ) -> AsyncGenerator[WatchEvent, None]:
        """Changes since that version, until the server ends the watch."""
        query: dict[str, str | int] = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "timeoutSeconds": _WATCH_S,
            "resourceVersion": version,
            "labelSelector": selector,
        }
        path, what = paths.collection(resource, namespace, query), f"watch {resource.plural}"
        async with aclosing(self._lines(path, what)) as lines:
            async for line in lines:
                event = _parsed(line, what)
                content = event.get("object", {})
                if "metadata" not in content or event.get("type") == "ERROR":
                    why = content.get("message", "the answer is not an event")
                    raise ApiServerError(f"{what}: {why}", content.get("code", 0))
                yield WatchEvent(event.get("type", ""), content)

    async def _lines(self, path: str, what: str) -> AsyncGenerator[bytes, None]:
        request = HttpRequest("GET", self._server.url + path, self._headers())
        rest = b""
        try:
            async with asyncio.timeout(_WATCH_S + _LATE_S):
                http: Http = await self._opened()
                async with http.send(request) as response:
                    if response.status != 200:
                        raise ApiServerError(
                            f"{what}: the API server answered {response.status}",
                            response.status,
                        )
                    async for chunk in response.chunks:
                        *lines, rest = (rest + chunk).split(b"\n")
                        for line in lines:
                            yield line
                        if len(rest) > _LONGEST_LINE:
                            raise ApiServerError(f"{what}: a line is too long")
        except TimeoutError:
            raise ApiServerError(f"{what}: the API server did not end it in time") from None
        except (HttpError, PlatformError) as e:
            raise ApiServerError(f"{what}: {e}") from None

    async def _json(
        self,
        method: str,
        path: str,
        content: Tree | None = None,
        content_type: str = "application/json",
    ) -> Tree:
        headers = self._headers()
        body = None
        if content is not None:
            headers["content-type"] = content_type
            body = json.dumps(content).encode()
        try:
            answer = await self._exchange.send(
                method, self._server.url + path, headers=headers, body=body
            )
        except PlatformError as e:
            raise ApiServerError(str(e)) from None
        if answer.status >= 300:
            raise self._refused(answer)
        return _parsed(answer.body, answer.what)

    def _headers(self) -> dict[str, str]:
        return {"accept": "application/json", **self._server.headers()}

    def _refused(self, answer: WholeResponse) -> ApiServerError:
        """Why, in the API server's own words (its kind Status)."""
        try:
            said = json.loads(answer.body)["message"]
        except (ValueError, KeyError, TypeError):
            said = "without a message"
        hint = {401: "; check kubernetes.token_file", 403: "; check the controller's ClusterRole"}
        return ApiServerError(
            f"the API server answered {answer.status}: {said}{hint.get(answer.status, '')}",
            answer.status,
            retry_after_s(answer, self._clock),
        )


def _parsed(text: bytes, what: str) -> dict[str, Any]:
    try:
        parsed = json.loads(text)
    except ValueError:
        parsed = None
    if not isinstance(parsed, dict):
        raise ApiServerError(f"{what}: the answer is not a JSON object; check kubernetes.url")
    return parsed
