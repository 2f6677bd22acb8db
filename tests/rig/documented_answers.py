"""Holds every answer of a control plane against the OpenAPI document.

Answers may have no members that the document doesn't show, although clients are told to ignore
unknown ones.
"""

import re
from copy import deepcopy
from datetime import timedelta
from functools import cache
from typing import Any

import httpx
import schemathesis
from schemathesis import Case
from schemathesis.checks import (
    CheckFunction,
    content_type_conformance,
    not_a_server_error,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from control_plane.protocol.routes import openapi_document

CHECKS: list[CheckFunction] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


class DocumentedAnswers(httpx.AsyncBaseTransport):
    """Passes requests on; raises FailureGroup for an answer that is not as documented."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The answer, once it has been read and checked."""
        response = await self._inner.handle_async_request(request)
        case = _case(request.method, request.url.path)
        if case is not None:
            await response.aread()
            # The body may have been a stream, which is used up.
            response.request = httpx.Request(request.method, request.url, headers=request.headers)
            response.elapsed = timedelta(0)
            case.validate_response(response, checks=CHECKS)
        return response


def _case(method: str, path: str) -> Case[Any] | None:
    """The request, to a documented operation; None for a page, and for another method of a path."""
    for operation, pattern in _operations():
        if operation.method.upper() == method and (found := pattern.fullmatch(path)):
            case: Case[Any] = operation.Case(path_parameters=found.groupdict())
            return case
    return None


def operations(document: dict[str, Any]) -> list[Any]:
    """The operations of an OpenAPI document, as schemathesis has them."""
    found: Any = schemathesis.openapi.from_dict(document).get_all_operations()
    return [each.ok() for each in found]


@cache
def _operations() -> list[tuple[Any, re.Pattern[str]]]:
    found = operations(_closed())
    return [(each, re.compile(re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", each.path))) for each in found]


def _closed() -> dict[str, Any]:
    document = deepcopy(openapi_document())
    for schema in document["components"]["schemas"].values():
        if "properties" in schema:
            schema.setdefault("additionalProperties", False)
    return document
