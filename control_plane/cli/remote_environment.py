"""One environment of a running platform, as the commands for environment files use it."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, NamedTuple

import httpx2

from control_plane.cli.common import DEFAULT_URL, checked_url, reading_answers
from control_plane.cli.file_mistakes import Mistake
from control_plane.cli.login import credentials_in, token_for
from control_plane.errors import ControlPlaneError
from control_plane.settings import ENV_PREFIX, TOKEN

TOKEN_VARIABLE: Final = f"{ENV_PREFIX}{TOKEN.upper()}"
_TIMEOUT_S: Final = 120.0
_HINTS: Final[Mapping[int, str]] = {
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "raise POLICY_CONTROL_PLANE_MAX_BODY_MIB of the platform",
    HTTPStatus.PRECONDITION_FAILED: "run the command again",
}


class RefusedDocumentError(ControlPlaneError):
    """The platform refuses a document, and says what is wrong with it."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        super().__init__("the platform refuses the document")
        self.mistakes = mistakes


class Revised(NamedTuple):
    """An answer, and the revision of the configuration that it is about."""

    document: Any
    revision: str


class RemoteEnvironment:
    """The configuration of one environment."""

    def __init__(self, client: httpx2.Client, path: str, name: str) -> None:
        self._client = client
        self._path = path
        self.name = name

    def export(self, **query: bool) -> Revised:
        """The document of an environment file."""
        return self._ask("GET", "", query)

    def diff(self, document: Any, **query: bool) -> Revised:
        """What applying the document would change; raise RefusedDocumentError if it can't be."""
        return self._ask("POST", "/diff", query, document)

    def apply(self, document: Any, revision: str, **query: bool) -> Revised:
        """Apply the document, if nobody has changed anything since the revision."""
        return self._ask("PUT", "", query, document, {"If-Match": revision})

    def _ask(
        self,
        method: str,
        path: str,
        query: Mapping[str, bool],
        document: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Revised:
        response = _answer(
            self._client,
            method,
            f"{self._path}{path}",
            params=query,
            json=document,
            headers=headers,
        )
        return Revised(response.json(), response.headers.get("ETag", ""))


@contextmanager
def remote_environment(
    url: str | None, credentials_file: Path | None, environment: str | None
) -> Iterator[RemoteEnvironment]:
    """The environment of this name or id, or the only one; raise ControlPlaneError."""
    given = credentials_in(credentials_file)
    base_url = checked_url(url or given.get("base_url") or DEFAULT_URL)
    with httpx2.Client(base_url=base_url, timeout=_TIMEOUT_S) as client:
        token = (None if given else os.environ.get(TOKEN_VARIABLE)) or token_for(base_url, given)
        client.headers["Authorization"] = f"Bearer {token}"
        with reading_answers(base_url):
            found = _found(client, environment)
        yield found


def _found(client: httpx2.Client, environment: str | None) -> RemoteEnvironment:
    me = _answer(client, "GET", "/accounts/api/me").json()
    organization = me["user"]["organization"]["id"]
    environments = f"/accounts/api/organizations/{organization}/environments"
    chosen = _chosen(_answer(client, "GET", environments).json()["data"], environment)
    path = "/policy-control-plane/v1/organizations"
    path += f"/{organization}/environments/{chosen['id']}/configuration"
    return RemoteEnvironment(client, path, str(chosen["name"]))


def _chosen(environments: list[Mapping[str, str]], wanted: str | None) -> Mapping[str, str]:
    found = [each for each in environments if wanted in (None, each["name"], each["id"])]
    if len(found) == 1:
        return found[0]
    names = ", ".join(each["name"] for each in environments) or "none"
    reason = f"there is no environment {wanted}" if wanted else "there are several environments"
    raise ControlPlaneError(f"{reason}; use --environment with one of: {names}")


def _answer(client: httpx2.Client, method: str, path: str, **request: Any) -> httpx2.Response:
    """A successful answer with JSON; raise ControlPlaneError for any other."""
    try:
        response = client.request(method, path, **request)
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        reason = str(error) or type(error).__name__
        raise ControlPlaneError(f"{client.base_url}: {reason}") from error
    try:
        document = response.json()
    except ValueError as error:
        raise ControlPlaneError(
            f"{client.base_url} does not answer like a platform: not in JSON"
        ) from error
    if response.is_success:
        return response
    with reading_answers(str(client.base_url)):
        raise _refusal(response.status_code, document, str(client.base_url))


def _refusal(status: int, document: Mapping[str, Any], base_url: str) -> ControlPlaneError:
    if (errors := document.get("errors")) is not None:
        return RefusedDocumentError([Mistake(each["path"], each["message"]) for each in errors])
    hint = f"; {_HINTS[status]}" if status in _HINTS else ""
    return ControlPlaneError(f"{base_url}: {status} {document['message']}{hint}")
