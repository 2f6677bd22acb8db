"""Serves kinds of Kubernetes' own, such as ConfigMap, as custom resources of another group.

So lists, watches, conflicts and server-side apply of them are the real server's. Everything else
goes to it unchanged.
"""

import json
from contextlib import suppress
from typing import Any, Final

import aiohttp
from aiohttp import web

from adapter.controller.core.resources import CONFIG_MAP, EVENT, LEASE, SERVICE

_OWN: Final = {
    "v1": "core.test/v1",
    "coordination.k8s.io/v1": "lease.test/v1",
}
"""The group and version of a kind, and those that it has as a custom resource."""
_BACK: Final = {theirs: ours for ours, theirs in _OWN.items()}


def definitions() -> list[dict[str, Any]]:
    """The definitions of these kinds, which accept every field."""
    found = []
    for resource in (CONFIG_MAP, EVENT, SERVICE, LEASE):
        group = _OWN[resource.api_version].partition("/")[0]
        schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
        version = {
            "name": resource.version,
            "served": True,
            "storage": True,
            "schema": {"openAPIV3Schema": schema},
        }
        names = {
            "kind": resource.kind,
            "plural": resource.plural,
            "singular": resource.kind.lower(),
        }
        found.append(
            {
                "apiVersion": "apiextensions.k8s.io/v1",
                "kind": "CustomResourceDefinition",
                "metadata": {"name": f"{resource.plural}.{group}"},
                "spec": {
                    "group": group,
                    "names": names | {"listKind": f"{resource.kind}List"},
                    "scope": "Namespaced",
                    "versions": [version],
                },
            }
        )
    return found


class Front:
    """Passes requests on to the real server at `target`."""

    def __init__(self, target: str, session: aiohttp.ClientSession) -> None:
        self._target = target
        self._session = session

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """One request; watches are passed on line by line."""
        try:
            return await self._passed_on(request)
        except aiohttp.ClientError:
            return web.Response(status=502)

    async def _passed_on(self, request: web.Request) -> web.StreamResponse:
        headers = {
            name: request.headers[name]
            for name in ("accept", "content-type")
            if name in request.headers
        }
        body = await request.read()
        url = self._target + _path(request.path)
        async with self._session.request(
            request.method, url, params=request.query, headers=headers, data=_renamed(body, _OWN)
        ) as answer:
            if "watch" in request.query and answer.status == 200:
                return await self._watch(request, answer)
            text = _renamed(await answer.read(), _BACK)
            return web.Response(status=answer.status, body=text, content_type="application/json")

    async def _watch(
        self, request: web.Request, answer: aiohttp.ClientResponse
    ) -> web.StreamResponse:
        response = web.StreamResponse()
        response.content_type = "application/json"
        await response.prepare(request)
        # Either side may end the watch.
        with suppress(ConnectionError, aiohttp.ClientError):
            async for line in answer.content:
                await response.write(_renamed(line, _BACK) + b"\n")
        return response


def _path(path: str) -> str:
    for ours, theirs in _OWN.items():
        root = f"/apis/{ours}/" if "/" in ours else f"/api/{ours}/"
        if path.startswith(root):
            return f"/apis/{theirs}/{path.removeprefix(root)}"
    return path


def _renamed(text: bytes, names: dict[str, str]) -> bytes:
    """The object, list or event with the other group; a Status is always of Kubernetes' own."""
    try:
        content = json.loads(text)
    except ValueError:
        return text
    for one in (content, content.get("object", {}), *(content.get("items") or [])):
        if one.get("kind") not in {"Status", "DeleteOptions"} and one.get("apiVersion") in names:
            one["apiVersion"] = names[one["apiVersion"]]
    return json.dumps(content).encode()
