"""Commands that talk to a server that is no platform."""

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from typer.testing import CliRunner

import control_plane.cli
from control_plane.cli.remote_environment import TOKEN_VARIABLE

ME = '{"user": {"organization": {"id": "o"}}}'


@contextmanager
def answering(status: int, body: str) -> Iterator[str]:
    """The address of a server that answers every request like this."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        do_POST = do_GET  # noqa: N815 - the name that the server calls

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("command", ["export", "login"])
@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, "[]"),
        (200, '"text"'),
        (200, '{"user": {}}'),
        (200, ME.replace("}}}", '}}, "data": [{}], "access_token": "t"}')),
        (500, "[]"),
        (599, "null"),
        (403, "{}"),
    ],
)
def test_an_answer_of_another_shape_is_named(command: str, status: int, body: str) -> None:
    """Not with a traceback, as when a proxy or another server answers."""
    with answering(status, body) as url:
        result = CliRunner().invoke(
            control_plane.cli.app, [command, "--url", url], input="x\n", env={TOKEN_VARIABLE: "t"}
        )
    assert result.exit_code == 2
    assert f"error: {url}" in result.stderr
