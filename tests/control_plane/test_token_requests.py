"""Requests for tokens in all the forms that clients send (RFC 6749)."""

import base64
import json
from typing import Any
from urllib.parse import quote_plus, urlencode

import httpx
import pytest

from tests.control_plane.clients import TOKEN_PATH, add_app, as_body
from tests.control_plane.conftest import ON_SQLITE, Platform

FORM = "application/x-www-form-urlencoded"
pytestmark = ON_SQLITE


async def _ask(
    platform: Platform, content: str, content_type: str = FORM, basic: str | None = None
) -> httpx.Response:
    headers = {"Content-Type": content_type}
    if basic is not None:
        headers["Authorization"] = f"Basic {base64.b64encode(basic.encode()).decode()}"
    return await platform.anyone.post(TOKEN_PATH, content=content, headers=headers)


@pytest.mark.parametrize(
    ("content_type", "encode"),
    [
        (FORM, urlencode),
        ("Application/X-WWW-Form-UrlEncoded; Charset=UTF-8", urlencode),
        ("Application/JSON", json.dumps),
        ("application/vnd.api+JSON", json.dumps),
        (FORM, lambda members: "\n" + json.dumps(members)),
    ],
    ids=["form", "FORM", "JSON", "+JSON", "JSON as a form"],
)
async def test_forms_and_json_give_a_token(
    platform: Platform, content_type: str, encode: Any
) -> None:
    """Media types have no case, and some clients send JSON under the name of a form."""
    response = await _ask(platform, encode(as_body(add_app(platform, "ci"))), content_type)
    assert response.status_code == 200, response.text
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("encoded", [False, True], ids=["plain", "percent-encoded"])
async def test_http_basic_gives_a_token(platform: Platform, encoded: bool) -> None:
    """Section 2.3.1: both parts are encoded as in a form. Ours look the same without that."""
    app = add_app(platform, "ci")
    parts = [app.client_id, app.client_secret]
    if encoded:
        parts = [f"%{ord(part[0]):02x}{quote_plus(part[1:])}" for part in parts]
    response = await _ask(platform, "grant_type=client_credentials", basic=":".join(parts))
    assert response.status_code == 200, response.text
    same = f"grant_type=client_credentials&client_id={app.client_id}"
    assert (await _ask(platform, same, basic=":".join(parts))).status_code == 200


@pytest.mark.parametrize("basic", ["ci:wrong", "", "no colon", "\u00fc:\u00fc", "%ff:%"])
async def test_wrong_basic_credentials_are_refused_in_their_own_scheme(
    platform: Platform, basic: str
) -> None:
    """Section 5.2: the answer names the scheme that the client used."""
    response = await _ask(platform, "grant_type=client_credentials", basic=basic)
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith("Basic ")
    assert response.json().keys() == {"error", "message"}
    assert response.json()["error"] == "invalid_client"


@pytest.mark.parametrize(
    ("body", "code", "named"),
    [
        ("grant_type=client_credentials&client_secret=b", "invalid_request", "not in both"),
        ("grant_type=client_credentials&client_id=b", "invalid_request", "not in both"),
        ("grant_type=client_credentials&grant_type=password", "invalid_request", "only once"),
        ("grant_type=refresh_token", "unsupported_grant_type", "client_credentials or password"),
        ("", "unsupported_grant_type", "grant_type"),
    ],
)
async def test_a_request_that_contradicts_itself_is_refused(
    platform: Platform, body: str, code: str, named: str
) -> None:
    """With the error codes of section 5.2."""
    response = await _ask(platform, body, basic="a:b")
    assert response.status_code == 400
    assert response.json()["error"] == code
    assert named in response.json()["message"]


async def test_a_user_gets_a_token_by_the_password_grant(platform: Platform) -> None:
    """As the vendor's Terraform provider does. Client credentials may be missing, but not wrong."""
    app, own = add_app(platform, "ci"), platform.credentials
    user = {"grant_type": "password", "username": own.admin_username}
    user |= {"password": own.admin_password}
    client = as_body(app) | user
    for body, status, code in (
        (user, 200, None),
        (client, 200, None),
        (user | {"password": "wrong"}, 400, "invalid_grant"),
        (client | {"client_secret": "wrong"}, 401, "invalid_client"),
        (user | {"client_id": app.client_id}, 400, "Bad Request"),
    ):
        response = await platform.anyone.post(TOKEN_PATH, json=body)
        assert (response.status_code, response.json().get("error")) == (status, code)
    token = (await platform.anyone.post(TOKEN_PATH, data=client)).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    me = (await platform.anyone.get("/accounts/api/me", headers=headers)).json()
    assert me["user"]["username"] == "admin"


@pytest.mark.parametrize("path", ["/accounts/login", "/accounts/api/login"])
async def test_users_log_in_on_both_paths(platform: Platform, path: str) -> None:
    """The official documents name the second one."""
    own = platform.credentials
    body = {"username": own.admin_username, "password": own.admin_password}
    for sent in ({"json": body}, {"data": body}):
        response = await platform.anyone.post(path, **sent)  # type: ignore[arg-type]
        assert response.status_code == 200
        assert response.headers["Cache-Control"] == "no-store"
