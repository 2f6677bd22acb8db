"""What the client says about servers that are no Anypoint Platform."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from control_plane.errors import ControlPlaneError
from control_plane.imports.anypoint_client import ConnectedApp, anypoint_client

_POLL_S = 0.01
TOKEN = '{"access_token": "t"}'


@contextmanager
def answering(*answers: str) -> Iterator[ConnectedApp]:
    """A server that gives these answers in turn, the last one again and again."""
    left = list(answers)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = (left.pop(0) if len(left) > 1 else left[0]).encode()
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - the library's name

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, args=(_POLL_S,))
        thread.start()
        yield ConnectedApp(f"http://127.0.0.1:{server.server_port}", "id", "secret-of-app")
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        (["<html>"], "/accounts/api/v2/oauth2/token: no JSON"),
        (["[]"], "an access token was expected"),
        ([TOKEN, "{}"], "the platform does not tell the organization"),
        ([TOKEN, '{"client": {"org_id": "o"}}', '{"data": [1]}'], "its environments"),
        (
            [
                TOKEN,
                '{"client": {"org_id": "o"}}',
                '{"data": [{"name": "E", "id": "e"}]}',
                '{"assets": [{"apis": [{"id": 1}]}]}',
            ],
            "the list does not end after 1000 rows",
        ),
    ],
)
def test_strange_answers(answers: list[str], message: str) -> None:
    """Each ends in one clear error, which has no secret in it."""
    with (
        answering(*answers) as app,
        pytest.raises(ControlPlaneError, match=message) as error,
        anypoint_client(app) as client,
    ):
        client.environment("E")
    assert "secret-of-app" not in f"{error.value} {app!r}"
