"""The OpenAPI document of the JSON API, with the answers that it really gives.

FastAPI describes paths, parameters, most bodies and the security schemes. What it can't know comes
from the notes of `described`: the statuses of refusals, bodies that endpoints read themselves, and
the shapes of answers. Its status 422 does not exist here, because a wrong value is answered 400.
"""

from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from fastapi.dependencies.models import Dependant
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from pydantic import TypeAdapter
from starlette.routing import BaseRoute

from control_plane.errors import Refused
from control_plane.http_statuses import status_of
from control_plane.protocol.described import (
    JSON,
    Content,
    answered_by,
    read_by,
    refused_by,
    taken_by,
)
from control_plane.protocol.parameters import IGNORED
from control_plane.protocol.refusals import Refusal
from control_plane.protocol.request_bodies import BODY_REFUSALS
from control_plane.version import program_version

_SCHEMAS: Final = "#/components/schemas/{model}"
_OF_STATUS_422: Final = ("HTTPValidationError", "ValidationError")
_ABOUT: Final = """\
The JSON API of the control plane: the paths of the vendor's platform that its clients use, and some
of our own. `docs/control-plane.md` explains them.

Every refusal has one form: `error` for programs and `message` for people. An unknown query
parameter and an unknown member of a body are refused by name with the status 400. A method that a
path does not have is answered 405, with the header `Allow`. HEAD works wherever GET does. A failure
of the control plane itself is answered 500, in the same form.
"""


def describe(routes: Sequence[BaseRoute]) -> dict[str, Any]:
    """The document of these routes."""
    document = get_openapi(
        title="Policy control plane", version=program_version(), description=_ABOUT, routes=routes
    )
    operations = [*_operations(document, routes)]
    schemas = _Schemas([content for _, route in operations for content in _noted(route)])
    refused: set[type[Refused]] = set()
    for operation, route in operations:
        refused |= _complete(operation, route, schemas)
    components = document["components"]
    components["schemas"] = _merged(components["schemas"], schemas.definitions)
    components["responses"] = {kind.__name__: _refusal(kind) for kind in sorted(refused, key=str)}
    return document


def _merged(bodies: dict[str, Any], others: dict[str, Any]) -> dict[str, Any]:
    """All schemas; raise ValueError if two with different members have one name."""
    common = bodies.keys() & others.keys()
    if twice := sorted(name for name in common if _members(bodies[name]) != _members(others[name])):
        raise ValueError(f"two schemas are named {', '.join(twice)}; rename one")
    bodies = {name: each for name, each in bodies.items() if name not in _OF_STATUS_422}
    return dict(sorted((bodies | others).items()))


def _members(schema: dict[str, Any]) -> set[str]:
    return {*schema.get("properties", ())}


def _operations(
    document: dict[str, Any], routes: Sequence[BaseRoute]
) -> Iterator[tuple[dict[str, Any], RouteContext]]:
    for route in iter_route_contexts(routes):
        if isinstance(route.original_route, APIRoute) and route.include_in_schema:
            for method in route.methods or ():
                yield document["paths"][route.path_format][method.lower()], route


def _noted(route: RouteContext) -> list[Content]:
    found = (read_by(route.endpoint), answered_by(route.endpoint), Content(Refusal))
    return [content for content in found if content is not None]


class _Schemas:
    """The JSON schemas of the types in notes, with names for those inside of others."""

    def __init__(self, contents: Sequence[Content]) -> None:
        kinds = {(str(content.kind), content.mode): content.kind for content in contents}
        self._of, shared = TypeAdapter.json_schemas(
            [(*named, TypeAdapter(kind)) for named, kind in kinds.items()], ref_template=_SCHEMAS
        )
        self.definitions: dict[str, Any] = shared["$defs"]

    def of(self, content: Content) -> dict[str, Any]:
        """What `content` of a request or an answer has."""
        schema = self._of[str(content.kind), content.mode]
        return {media_type: {"schema": schema} for media_type in content.media_types}


def _complete(
    operation: dict[str, Any], route: RouteContext, schemas: _Schemas
) -> set[type[Refused]]:
    """Add what FastAPI doesn't know to the operation, and return what it refuses."""
    operation["summary"] = operation["description"].partition("\n")[0].rstrip(".")
    if (body := read_by(route.endpoint)) is not None:
        operation["requestBody"] = {"required": True, "content": schemas.of(body)}
    if (shown := answered_by(route.endpoint)) is not None:
        answer = operation["responses"][str(route.status_code or 200)]
        answer["content"] = answer.get("content", {}) | schemas.of(shown)
    functions = [*_functions(route.dependant)]
    values = {name: each for function in functions for name, each in taken_by(function).items()}
    parameters = [_plain(each, values) for each in operation.get("parameters", ())]
    operation["parameters"] = [*parameters, *_ignored(route)]
    kinds = {kind for function in functions for kind in refused_by(function)}
    kinds |= {*BODY_REFUSALS} if "requestBody" in operation else set()
    operation["responses"].pop("422", None)
    operation["responses"] |= {
        str(_status(kind).value): {"$ref": f"#/components/responses/{kind.__name__}"}
        for kind in sorted(kinds, key=_status)
    }
    return kinds


def _functions(dependant: Dependant) -> Iterator[Any]:
    """An endpoint and everything that it depends on."""
    yield dependant.call
    for inner in dependant.dependencies:
        yield from _functions(inner)


def _plain(parameter: dict[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """The parameter with its values, if they are noted. A text in a URL is never null."""
    schema = dict(values.get(parameter["name"], parameter["schema"]))
    schema.pop("title", None)
    kinds = [each for each in schema.pop("anyOf", ()) if each != {"type": "null"}]
    schema |= kinds[0] if len(kinds) == 1 else {}
    # In OpenAPI, one text with commas is a style.
    style = {"style": "form", "explode": False} if schema.get("type") == "array" else {}
    return parameter | {"schema": schema} | style


def _ignored(route: RouteContext) -> Iterator[dict[str, Any]]:
    """The query parameters that are accepted without effect."""
    for method in route.methods or ():
        for name in sorted(IGNORED.get((method, str(route.path_format)), ())):
            told = "Accepted, without effect."
            yield {"name": name, "in": "query", "description": told, "schema": {"type": "string"}}


def _status(kind: type[Refused]) -> HTTPStatus:
    return status_of(kind(""))


def _refusal(kind: type[Refused]) -> dict[str, Any]:
    """The answer for one kind of refusal, which its docstring explains."""
    header = {
        HTTPStatus.UNAUTHORIZED: ("WWW-Authenticate", "How to authenticate."),
        HTTPStatus.TOO_MANY_REQUESTS: ("Retry-After", "Seconds to wait, if that is known."),
        HTTPStatus.SERVICE_UNAVAILABLE: ("Retry-After", "Seconds to wait, if that is known."),
    }.get(_status(kind))
    content = {JSON: {"schema": {"$ref": _SCHEMAS.format(model=Refusal.__name__)}}}
    found: dict[str, Any] = {"description": kind.__doc__, "content": content}
    if header is not None:
        found["headers"] = {header[0]: {"description": header[1], "schema": {"type": "string"}}}
    return found
