"""Asks a platform over HTTP, and says in plain words why there is no answer.

Commands use it for the running control plane, and imports for Anypoint Platform.
"""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import httpx2

from control_plane.errors import ControlPlaneError


class Answer(NamedTuple):
    """A successful answer: its JSON, and its `ETag`, which is empty without one."""

    document: Any
    etag: str


class RefusedRequestError(ControlPlaneError):
    """The platform answered with an error status. `document` is its JSON, or None."""

    def __init__(self, url: str, status: int, reason: str, document: Any) -> None:
        said = document.get("message") if isinstance(document, dict) else None
        super().__init__(f"{url}: {status} {said or reason}")
        self.status = status
        self.document = document


class JsonClient:
    """Requests to one platform, over connections that stay open."""

    def __init__(self, http: httpx2.Client) -> None:
        self._http = http
        self.base_url = str(http.base_url).rstrip("/")

    def authorize(self, token: str) -> None:
        """Send this access token with the later requests."""
        self._http.headers["Authorization"] = f"Bearer {token}"

    def ask(self, method: str, path: str, **content: Any) -> Answer:
        """The answer to a request; `content` is what httpx2 takes, such as `json` or `params`.

        Raise RefusedRequestError for an error status, ConnectionRefusedError if nobody listens
        there, and ControlPlaneError for all other failures.
        """
        try:
            response = self._http.request(method, path, **content)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise self._failure(error) from error
        url = f"{self.base_url}{path}"
        try:
            document = response.json()
        except ValueError as error:
            if response.is_success:
                message = f"{url} does not answer like a platform: not in JSON"
                raise ControlPlaneError(message) from error
            document = None
        if not response.is_success:
            status, reason = response.status_code, response.reason_phrase
            raise RefusedRequestError(url, status, reason, document)
        return Answer(document, response.headers.get("ETag", ""))

    def _failure(self, error: Exception) -> Exception:
        causes = [*_causes(error)]
        for cause in causes:
            if isinstance(cause, ConnectionRefusedError):
                return ConnectionRefusedError(
                    f"{self.base_url} refuses connections; is it running?"
                )
        return ControlPlaneError(f"{self.base_url}: {_words(causes)}")


@contextmanager
def json_client(base_url: str, timeout_s: float) -> Iterator[JsonClient]:
    """A client of the platform at this URL, which must be http or https."""
    with httpx2.Client(base_url=base_url, timeout=timeout_s) as http:
        yield JsonClient(http)


@contextmanager
def expecting(base_url: str, what: str) -> Iterator[None]:
    """Raise ControlPlaneError if an answer that is read here has another shape than expected."""
    try:
        yield
    except (AttributeError, IndexError, KeyError, TypeError) as error:
        raise ControlPlaneError(
            f"{base_url} does not answer like a platform: {what} was expected"
        ) from error


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error, and what led to it."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _words(causes: list[BaseException]) -> str:
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its certificate is not trusted: {cause.verify_message}"
        if isinstance(cause, ssl.SSLError):
            return "it does not speak TLS; is its address http://?"
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
    return str(causes[0]) or type(causes[0]).__name__
