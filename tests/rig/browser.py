"""A real browser, Debian's Chromium, driven by Playwright; and a tab that watches its pages."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    async_playwright,
)

from tests.rig.debian_packages import installed_program

_AXE: Final = files("axe_playwright_python").joinpath("axe.min.js")
_STANDARD: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_COLORS: Final = ["color-contrast", "link-in-text-block"]
# In the dark only the colors differ.
_RULES: Final[Mapping[Literal["light", "dark"], Sequence[str]]] = {
    "light": _STANDARD,
    "dark": _COLORS,
}
_TIMEOUT_MS: Final = 20_000

_REPORT_VIOLATIONS: Final = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`content security policy: ${event.violatedDirective} ${event.blockedURI}`));
"""


@asynccontextmanager
async def running_browser() -> AsyncIterator[Browser]:
    """A browser that runs during the block."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=installed_program("chromium", "chromium"),
            # Its sandbox does not run as root, and containers have little in /dev/shm.
            args=["--no-sandbox", "--disable-dev-shm-usage"],
            # As for users: Back shows a page as it was left, if the page permits that.
            ignore_default_args=["--disable-back-forward-cache"],
        )
        yield browser
        await browser.close()


class Tab:
    """A tab that opens pages of one site, with cookies of its own.

    It notes what no page may do: errors in the browser's console, violations of the content
    security policy, and requests to other hosts. `problems` has them.
    """

    def __init__(self, page: Page, base_url: str, friends: Sequence[str] = ()) -> None:
        """`friends` are other sites that its pages may lead to."""
        self.page = page
        self.base_url = base_url
        self._sites = {base_url, *friends}
        self.problems: list[str] = []
        self._expected: set[int] = set()
        page.set_default_timeout(_TIMEOUT_MS)
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.problems.append(f"error: {error}"))
        page.on("request", self._request)

    async def open(self, path: str) -> None:
        """Go to a page."""
        await self.page.goto(path)

    async def log_in(self, name: str, password: str) -> None:
        """Fill the login form that is shown, and send it."""
        await self.page.get_by_label("Name").fill(name)
        await self.page.get_by_label("Password").fill(password)
        await self.page.get_by_role("button", name="Log in").click()

    async def heading(self) -> str:
        """The heading of the page."""
        return await self.page.get_by_role("heading", level=1).inner_text()

    @property
    def path(self) -> str:
        """The path and query of the page."""
        parts = urlsplit(self.page.url)
        return f"{parts.path}?{parts.query}" if parts.query else parts.path

    @contextmanager
    def expecting(self, status: int) -> Iterator[None]:
        """Allow this status in the block: the browser's console shows it as an error."""
        self._expected.add(status)
        yield
        self._expected.discard(status)

    async def barriers(self) -> list[str]:
        """What axe finds on the page, in light and in dark: nothing, if it is accessible."""
        await self.page.evaluate(_AXE.read_text())
        found: list[str] = []
        for scheme, rules in _RULES.items():
            await self.page.emulate_media(color_scheme=scheme)
            result: dict[str, Any] = await self.page.evaluate(
                "(rules) => axe.run({runOnly: rules, resultTypes: ['violations']})", rules
            )
            found += [
                f"{scheme}: {violation['id']}: {node['html']} {node['failureSummary']}"
                for violation in result["violations"]
                for node in violation["nodes"]
            ]
        return found

    async def screenshot(self, path: Path) -> None:
        """Write a picture of the whole page."""
        await self.page.screenshot(path=path, full_page=True)

    def _console(self, message: ConsoleMessage) -> None:
        status = any(f"status of {status}" in message.text for status in self._expected)
        if message.type in ("error", "warning") and not status:
            self.problems.append(f"console: {message.text}")

    def _request(self, request: Request) -> None:
        url = urlsplit(request.url)
        if url.scheme != "data" and f"{url.scheme}://{url.netloc}" not in self._sites:
            self.problems.append(f"request to another host: {request.url}")


@asynccontextmanager
async def open_tab(
    browser: Browser, base_url: str, *, friends: Sequence[str] = (), **options: Any
) -> AsyncIterator[Tab]:
    """A tab with cookies of its own; `options` are Playwright's for a browser context."""
    defaults: dict[str, Any] = {
        "locale": "en-GB",
        "timezone_id": "Europe/Berlin",
        "reduced_motion": "reduce",
    }
    context: BrowserContext = await browser.new_context(base_url=base_url, **(defaults | options))
    await context.add_init_script(_REPORT_VIOLATIONS)
    try:
        yield Tab(await context.new_page(), base_url, friends)
    finally:
        await context.close()
