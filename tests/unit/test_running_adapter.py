"""How the commands ask a running adapter; tests/e2e asks a real one."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from typer.testing import CliRunner

from adapter.cli import app
from adapter.cli.running_adapter import ask, inspection_address
from adapter.errors import ConfigurationError
from adapter.settings import Settings


def settings(inspection: str | None) -> Settings:
    """Settings with this inspection listener."""
    platform = {
        "base_url": "http://127.0.0.1:9",
        "organization_id": "org",
        "environment_id": "env",
        "client_id": "gateway",
        "client_secret": "hidden",
    }
    return Settings.model_validate(
        {"platform": platform, "observability": {"inspection_address": inspection}}
    )


@contextmanager
def answering(status: int, body: bytes) -> Iterator[str]:
    """A server with one answer to everything; gives its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Write nothing to standard error."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        yield f"127.0.0.1:{server.server_port}"
        thread.join()


def test_the_address_comes_from_the_settings() -> None:
    """Without it, the message says what to set."""
    assert inspection_address(settings("127.0.0.1:9103")) == "127.0.0.1:9103"
    with pytest.raises(ConfigurationError, match=r"observability\.inspection_address is null"):
        inspection_address(settings(None))


def test_with_an_address_no_settings_are_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    """An operator on the machine of an adapter may not be allowed to read its settings."""
    monkeypatch.delenv("POLICY_ADAPTER_PLATFORM__CLIENT_ID", raising=False)
    body = b'{"items": [], "kept": 1000, "total": 7}'
    with answering(200, body) as address:
        result = CliRunner().invoke(app, ["denials", "--inspection", f"http://{address}/"])
    assert result.stdout == "no such denial among the last 1,000; 7 since the start\n"


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (404, b"not found", r"answers 404: not found; is it another listener than obs"),
        (500, b"", r"answers 500: Internal Server Error"),
        (200, b"<html>", r"does not answer /denials with JSON; is it another listener"),
    ],
)
def test_another_listener_is_not_taken_for_the_adapter(
    status: int, body: bytes, message: str
) -> None:
    """Such as the metrics listener, or a service of somebody else."""
    with answering(status, body) as address, pytest.raises(ConfigurationError, match=message):
        ask(address, "/denials")


EXPLAIN = ("explain", "--inspection", "127.0.0.1:1", "--api", "1")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("get", "/"), "'get' is another method than GET, because HTTP compares letter case; "),
        (("GET", "/", "--header", "@none"), "cannot read none: No such file or directory"),
        (("GET", "/", "--certificate", "none"), "cannot read none: No such file or directory"),
        (("GET", "/", "--certificate", __file__), "does not begin with -----BEGIN CERTIFICATE"),
    ],
)
def test_what_cannot_be_explained_is_named(arguments: tuple[str, ...], message: str) -> None:
    """Before anybody is asked. A wrong file may contain a secret, so nothing of it is sent."""
    result = CliRunner().invoke(app, [*EXPLAIN, *arguments])
    assert result.exit_code == 2
    assert message in result.stderr


def test_an_address_that_is_a_url_with_a_path() -> None:
    """The path is the command's matter."""
    with pytest.raises(ConfigurationError, match="is not HOST:PORT, such as 127"):
        ask("https://127.0.0.1:9103/denials", "/denials")


@pytest.mark.parametrize("address", ["127.0.0.1:1", "nonsense", "127.0.0.1:x", "::1"])
def test_an_address_where_nobody_answers(address: str) -> None:
    """Whatever is wrong with it, the message names it."""
    with pytest.raises(ConfigurationError, match="no adapter answers at"):
        ask(address, "/denials")
