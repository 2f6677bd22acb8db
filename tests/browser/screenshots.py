"""Makes the pictures of the documentation: `make screenshots`.

They are written to docs/images. Pages of one environment are named by their path in it.
"""

import asyncio
import tempfile
from pathlib import Path
from typing import Final, NamedTuple

from tests.browser.sample_site import EXPLAINED, fill
from tests.rig.browser import Tab, open_tab, running_browser
from tests.rig.control_plane import RunningControlPlane, running_control_plane
from tests.rig.notice_receivers import mail_receiver
from tests.rig.polling import until

IMAGES: Final = Path(__file__).parents[2] / "docs" / "images"


class Shot(NamedTuple):
    """A picture of a page: its file, its path, and the width of the window."""

    name: str
    path: str
    width: int = 1200
    dark: bool = False


SHOTS: Final = (
    Shot("home", "{environment}"),
    Shot("home-phone-dark", "{environment}", width=390, dark=True),
    Shot("apis", "{environment}/apis"),
    Shot("policies", "{environment}/apis/1/policies?method=POST&path=/orders/1"),
    Shot("policy-form", "{environment}/apis/1/policies/new/rate-limiting"),
    Shot("contracts", "{environment}/contracts"),
    Shot("application", "{environment}/applications/3"),
    Shot("adapters", "{environment}/adapters"),
    Shot("discovered-services", "{environment}/services"),
    Shot("analytics", "{environment}/analytics"),
    Shot("request", f"{{environment}}/requests/event?event={EXPLAINED}"),
    Shot("alerts", "{environment}/alerts"),
    Shot("alert", "{environment}/alerts/1"),
    Shot("audit-log", "/audit"),
    Shot("users", "/settings/users"),
)


async def _take(tab: Tab, shot: Shot, platform: RunningControlPlane) -> None:
    await tab.page.set_viewport_size({"width": shot.width, "height": 760})
    await tab.page.emulate_media(color_scheme="dark" if shot.dark else "light")
    environment = f"/environments/{platform.credentials.environment_id}"
    await tab.open(shot.path.format(environment=environment))
    await tab.page.screenshot(path=IMAGES / f"{shot.name}.png")


async def main() -> None:
    """Take all pictures."""
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        async with (
            mail_receiver() as mail,
            running_control_plane(Path(folder), alert_interval_s=1, **mail.settings) as platform,
            running_browser() as browser,
            open_tab(browser, platform.base_url) as tab,
        ):
            await fill(platform)
            await until(lambda: mail.mails)
            await tab.open("/login")
            await tab.log_in("admin", platform.credentials.admin_password)
            await tab.page.wait_for_url("**/environments/*")
            for shot in SHOTS:
                await _take(tab, shot, platform)
            if tab.problems:
                raise SystemExit("\n".join(tab.problems))


if __name__ == "__main__":
    asyncio.run(main())
