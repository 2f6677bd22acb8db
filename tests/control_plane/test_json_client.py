"""What commands say about a platform that refuses, and about a server that is not a platform."""

import pytest

from control_plane.errors import ControlPlaneError
from control_plane.json_client import json_client
from tests.rig.scripted_server import answering

_TIMEOUT_S = 10.0


def failure_at(url: str) -> Exception:
    """What a request to this address raises."""
    with (
        pytest.raises((ControlPlaneError, ConnectionRefusedError)) as found,
        json_client(url, _TIMEOUT_S) as client,
    ):
        client.ask("GET", "/me")
    return found.value


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (200, "<html>", "/me does not answer like a platform: not in JSON"),
        (403, '{"message": "no role"}', "/me: 403 no role"),
        (404, "<html>", "/me: 404 Not Found"),
    ],
)
def test_an_answer_of_no_use(status: int, body: str, message: str) -> None:
    """The error names the address and the reason."""
    with answering(body, status=status) as url:
        assert str(failure_at(url)) == f"{url}{message}"


def test_a_server_without_tls() -> None:
    """The error says what is probably wrong with the address."""
    with answering("") as url:
        error = failure_at(url.replace("http://", "https://"))
    assert str(error).endswith(": it does not speak TLS; is its address http://?")


def test_nobody_listens() -> None:
    """A command can tell this error from others, and wait for a start."""
    with answering("") as url:
        pass
    error = failure_at(url)
    assert isinstance(error, ConnectionRefusedError)
    assert str(error) == f"{url} refuses connections; is it running?"
