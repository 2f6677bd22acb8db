"""What the client says about servers that are no Anypoint Platform."""

import pytest

from control_plane.errors import ControlPlaneError
from control_plane.imports.anypoint_client import ConnectedApp, anypoint_client
from tests.rig.scripted_server import answering

TOKEN = '{"access_token": "t"}'


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        (["<html>"], "/accounts/api/v2/oauth2/token does not answer like a platform: not in JSON"),
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
    with answering(*answers) as url:
        app = ConnectedApp(url, "id", "secret-of-app")
        with (
            pytest.raises(ControlPlaneError, match=message) as error,
            anypoint_client(app) as client,
        ):
            client.environment("E")
    assert "secret-of-app" not in f"{error.value} {app!r}"
