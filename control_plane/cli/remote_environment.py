"""One environment of a running platform, as the commands for environment files use it."""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from control_plane.cli.common import DEFAULT_URL, checked_url
from control_plane.cli.file_mistakes import Mistake
from control_plane.cli.login import credentials_in, token_for
from control_plane.errors import ControlPlaneError
from control_plane.json_client import (
    Answer,
    JsonClient,
    RefusedRequestError,
    expecting,
    json_client,
)
from control_plane.settings import ENV_PREFIX, TOKEN

TOKEN_VARIABLE: Final = f"{ENV_PREFIX}{TOKEN.upper()}"
_TIMEOUT_S: Final = 120.0
_HINTS: Final[Mapping[int, str]] = {
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "raise POLICY_CONTROL_PLANE_MAX_BODY_MIB of the platform",
    HTTPStatus.PRECONDITION_FAILED: "run the command again",
}


class RefusedDocumentError(ControlPlaneError):
    """The platform refuses a document, and says what is wrong with it."""

    def __init__(self, errors: Iterable[Mapping[str, str]]) -> None:
        super().__init__("the platform refuses the document")
        self.mistakes = [Mistake(each["path"], each["message"]) for each in errors]


class RemoteEnvironment:
    """The configuration of one environment. The `etag` of an answer is its revision."""

    def __init__(self, client: JsonClient, path: str, name: str) -> None:
        self._client = client
        self._path = path
        self.name = name

    def export(self, **query: bool) -> Answer:
        """The document of an environment file."""
        return self._ask("GET", "", params=query)

    def diff(self, document: Any, **query: bool) -> Answer:
        """What applying the document would change; raise RefusedDocumentError if it can't be."""
        return self._ask("POST", "/diff", params=query, json=document)

    def apply(self, document: Any, revision: str, **query: bool) -> Answer:
        """Apply the document, if nobody has changed anything since the revision."""
        return self._ask("PUT", "", params=query, json=document, headers={"If-Match": revision})

    def _ask(self, method: str, path: str, **content: Any) -> Answer:
        try:
            return self._client.ask(method, f"{self._path}{path}", **content)
        except RefusedRequestError as error:
            if isinstance(error.document, dict) and "errors" in error.document:
                with expecting(self._client.base_url, "mistakes with path and message"):
                    raise RefusedDocumentError(error.document["errors"]) from error
            hint = _HINTS.get(error.status)
            raise ControlPlaneError(f"{error}; {hint}" if hint else str(error)) from error


@contextmanager
def remote_environment(
    url: str | None, credentials_file: Path | None, environment: str | None
) -> Iterator[RemoteEnvironment]:
    """The environment of this name or id, or the only one; raise ControlPlaneError."""
    given = credentials_in(credentials_file)
    base_url = checked_url(url or given.get("base_url") or DEFAULT_URL)
    token = (None if given else os.environ.get(TOKEN_VARIABLE)) or token_for(base_url, given)
    with json_client(base_url, _TIMEOUT_S) as client:
        client.authorize(token)
        with expecting(base_url, "a user and the environments"):
            found = _found(client, environment)
        yield found


def _found(client: JsonClient, environment: str | None) -> RemoteEnvironment:
    me = client.ask("GET", "/accounts/api/me").document
    organization = me["user"]["organization"]["id"]
    environments = f"/accounts/api/organizations/{organization}/environments"
    chosen = _chosen(client.ask("GET", environments).document["data"], environment)
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
