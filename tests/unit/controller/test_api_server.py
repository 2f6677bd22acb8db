"""Where the API server is, how the controller logs in, and what it makes of odd answers."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from adapter.controller.core.resources import API_BINDING, CONFIG_MAP, Key
from adapter.controller.kubernetes.api_server import ApiServer, in_cluster
from adapter.controller.kubernetes.client import KubernetesClient
from adapter.controller.kubernetes.failures import ApiServerError
from adapter.errors import ConfigurationError
from adapter.platform_client.http.exchange import (
    Exchange,
    HttpError,
    HttpRequest,
    StreamedResponse,
)
from adapter.runtime.fairness import LoopTurns
from tests.rig.clock import ManualClock

_KEY = Key(CONFIG_MAP, "shop", "x")


class OneAnswer:
    """An HTTP client that gives one answer, or fails."""

    def __init__(self, answer: bytes | HttpError, status: int = 200) -> None:
        self._answer = answer
        self._status = status

    def send(self, request: HttpRequest) -> AbstractAsyncContextManager[StreamedResponse]:
        """See `Http.send`."""
        return self._send()

    @asynccontextmanager
    async def _send(self) -> AsyncIterator[StreamedResponse]:
        if isinstance(self._answer, HttpError):
            raise self._answer
        yield StreamedResponse(self._status, {"retry-after": "7"}, self._chunks(self._answer))

    @staticmethod
    async def _chunks(answer: bytes) -> AsyncIterator[bytes]:
        for start in range(0, len(answer), 7):
            yield answer[start : start + 7]


def client(
    answer: bytes | HttpError, status: int = 200, server: ApiServer | None = None
) -> KubernetesClient:
    """A client of a server that gives this answer to everything."""
    http = OneAnswer(answer, status)

    async def opened() -> OneAnswer:
        return http

    exchange = Exchange(opened, LoopTurns(), timeout_s=5, max_response_bytes=10_000)
    server = server or ApiServer("http://cluster.test", None, None)
    return KubernetesClient(server, exchange, opened, ManualClock(), "tests")


async def _watch(of: KubernetesClient) -> list[Any]:
    return [event async for event in of.watch(API_BINDING, None, "", "1")]


def test_a_pod_knows_its_cluster() -> None:
    """By the environment, with brackets around an address of IPv6."""
    place = {"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "6443"}
    found = in_cluster(place)
    assert found.url == "https://[fd00::1]:6443"
    assert str(found.token_file).startswith("/var/run/secrets/kubernetes.io/serviceaccount/")
    with pytest.raises(ConfigurationError, match="kubectl proxy"):
        in_cluster({})


def test_the_token_is_read_for_each_request(tmp_path: Path) -> None:
    """Kubernetes renews the file."""
    file = tmp_path / "token"
    server = ApiServer("http://cluster.test", file, None)
    for token in ("one", "two"):
        file.write_text(token + "\n")
        assert server.headers() == {"authorization": f"Bearer {token}"}
    file.write_bytes(b"\xff")
    with pytest.raises(ApiServerError, match="not ASCII"):
        server.headers()
    file.unlink()
    with pytest.raises(ApiServerError, match="cannot read the token"):
        server.headers()


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (403, {"message": "no right"}, "403: no right; check the controller's ClusterRole"),
        (401, {"message": "who?"}, "401: who?; check kubernetes.token_file"),
        (503, ["busy"], "503: without a message"),
    ],
)
async def test_refusals_are_told_in_the_servers_words(status: int, body: Any, words: str) -> None:
    """With the status, and the wait that the server asks for."""
    with pytest.raises(ApiServerError) as refused:
        await client(json.dumps(body).encode(), status).get(_KEY)
    assert words in str(refused.value)
    assert (refused.value.status, refused.value.retry_after_s) == (status, 7)


_BROKEN: tuple[tuple[Callable[[KubernetesClient], Any], bytes | HttpError, str], ...] = (
    (lambda c: c.get(_KEY), b"<html>", "not a JSON object; check kubernetes.url"),
    (lambda c: c.get(_KEY), b"[1]", "not a JSON object"),
    (lambda c: c.get(_KEY), HttpError("refuses connections"), "refuses connections"),
    (lambda c: c.list(API_BINDING, None), b'{"status": "ok"}', "not a list of objects"),
    (_watch, b"{}\n", "the answer is not an event"),
    (_watch, b"<html>\n", "not a JSON object"),
    (_watch, HttpError("closed the connection"), "watch apibindings: closed the connection"),
)


@pytest.mark.parametrize(
    ("ask", "answer", "words"), _BROKEN, ids=[f"{n}" for n in range(len(_BROKEN))]
)
async def test_odd_answers_are_no_crash(ask: Any, answer: bytes | HttpError, words: str) -> None:
    """Another server, a proxy in between, a connection that ends."""
    with pytest.raises(ApiServerError, match=words):
        await ask(client(answer))


async def test_an_expired_version_is_told_by_its_code() -> None:
    """In an event, as API servers do."""
    status = {"kind": "Status", "code": 410, "message": "too old"}
    line = json.dumps({"type": "ERROR", "object": {"metadata": {}, **status}}).encode() + b"\n"
    with pytest.raises(ApiServerError, match="too old") as expired:
        await _watch(client(line))
    assert expired.value.status == 410


async def test_a_watch_that_is_refused_has_its_status() -> None:
    """Such as 403."""
    with pytest.raises(ApiServerError, match="answered 403") as refused:
        await _watch(client(b"{}", 403))
    assert refused.value.status == 403
