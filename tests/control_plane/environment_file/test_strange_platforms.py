"""Commands that talk to a server that is not a platform."""

import pytest
from typer.testing import CliRunner

import control_plane.cli
from control_plane.cli.remote_environment import TOKEN_VARIABLE
from tests.rig.scripted_server import answering

ME = '{"user": {"organization": {"id": "o"}}}'


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
    with answering(body, status=status) as url:
        result = CliRunner().invoke(
            control_plane.cli.app, [command, "--url", url], input="x\n", env={TOKEN_VARIABLE: "t"}
        )
    assert result.exit_code == 2
    assert f"error: {url}" in result.stderr
