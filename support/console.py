"""A client for the console's pages: an admin's browser without scripts, for demo and tests."""

from types import TracebackType
from typing import Self

import httpx

from support.html_page import HtmlPage


class ConsoleError(Exception):
    """A page did not open, or a form was refused. The text has the request and the answer."""

    def __init__(self, response: httpx.Response) -> None:
        asked = f"{response.request.method} {response.request.url.path}"
        super().__init__(f"{asked}: {response.status_code} {response.text[:4000]}")


class Console:
    """Opens pages, and fills in and sends their forms. Use it in `async with`."""

    def __init__(self, base_url: str, environment_id: str) -> None:
        # Browsers send this header with forms of the site's own pages.
        headers = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}
        self._http = httpx.AsyncClient(
            base_url=base_url, headers=headers, timeout=10, trust_env=False
        )
        self._home = f"/environments/{environment_id}"

    async def __aenter__(self) -> Self:
        """Nobody is logged in yet."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def log_in(self, name: str, password: str) -> None:
        """Fill in and send the login form."""
        page = await self._read(await self._http.get("/login"))
        form = page.filled("Log in", {"name": name, "password": password})
        answer = await self._http.post(form.action, data=form.fields)
        if answer.status_code != httpx.codes.SEE_OTHER:
            raise ConsoleError(answer)
        # The cookie is for HTTPS. Browsers also keep it on localhost, but this client does not.
        self._http.headers["Cookie"] = answer.headers["set-cookie"].partition(";")[0]

    async def open(self, path: str) -> HtmlPage:
        """A page of the environment."""
        return await self._read(await self._http.get(self._home + path))

    async def follow(self, page: HtmlPage, link: str) -> HtmlPage:
        """The page that a link with this text leads to."""
        return await self._read(await self._http.get(page.link(link)))

    async def press(self, page: HtmlPage, button: str, **typed: str) -> HtmlPage:
        """Fill in fields of the form with this button, send it, and go where it leads to."""
        form = page.filled(button, typed)
        answer = await self._http.post(form.action, data=form.fields)
        if answer.status_code == httpx.codes.SEE_OTHER:
            answer = await self._http.get(answer.headers["location"])
        return await self._read(answer)

    async def _read(self, answer: httpx.Response) -> HtmlPage:
        if answer.status_code != httpx.codes.OK:
            raise ConsoleError(answer)
        return HtmlPage(answer.text)
