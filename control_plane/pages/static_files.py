"""Scripts and styles, served from the package."""

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from control_plane.pages.templating import STATIC


class ConsoleFiles(StaticFiles):
    """Static files whose address changes with their content, so that browsers keep them."""

    def __init__(self) -> None:
        super().__init__(directory=STATIC)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file; an address without its version must be asked for again."""
        response = await super().get_response(path, scope)
        lasting = b"v=" in scope["query_string"] and response.status_code < 400
        response.headers["Cache-Control"] = (
            "public, max-age=31536000, immutable" if lasting else "no-cache"
        )
        return response
