"""Logging in and out, in a browser."""

from playwright.async_api import Browser

from tests.rig.browser import Tab, open_tab
from tests.rig.control_plane import RunningControlPlane


async def test_the_owner_logs_in_and_out(owner: Tab) -> None:
    """After the login comes home, and after the logout no page opens."""
    home = owner.path
    assert await owner.heading() == "Home"
    await owner.page.get_by_role("button", name="Log out").click()
    await owner.page.get_by_text("You are logged out.").wait_for()
    await owner.open(home)
    assert await owner.heading() == "Policy console"


async def test_a_wrong_password_is_refused_in_words(stranger: Tab) -> None:
    """The name stays in the form, and the message does not say which of both was wrong."""
    await stranger.open("/login")
    with stranger.expecting(401):
        await stranger.log_in("admin", "wrong")
        await stranger.page.get_by_text("The name or the password is wrong.").wait_for()
    assert await stranger.page.get_by_label("Name").input_value() == "admin"
    assert await stranger.page.get_by_label("Password").input_value() == ""


async def test_the_login_leads_to_the_page_that_was_wanted(
    stranger: Tab, platform: RunningControlPlane
) -> None:
    """A link that somebody sent works after the login."""
    wanted = f"/environments/{platform.credentials.environment_id}?range=24h"
    await stranger.open(wanted)
    assert stranger.path.startswith("/login?next=")
    await stranger.log_in("admin", platform.credentials.admin_password)
    await stranger.page.wait_for_url(f"**{wanted}")


async def test_the_keyboard_is_enough(stranger: Tab, platform: RunningControlPlane) -> None:
    """Tab and Enter lead through the login."""
    await stranger.open("/login")
    keyboard = stranger.page.keyboard
    await keyboard.press("Tab")
    await keyboard.press("Tab")
    await keyboard.type("admin")
    await keyboard.press("Tab")
    await keyboard.type(platform.credentials.admin_password)
    await keyboard.press("Enter")
    await stranger.page.wait_for_url("**/environments/*")


async def test_it_works_without_scripts(browser: Browser, platform: RunningControlPlane) -> None:
    """Nothing but forms and links is needed."""
    async with open_tab(browser, platform.base_url, java_script_enabled=False) as tab:
        await tab.open("/login")
        await tab.log_in("admin", platform.credentials.admin_password)
        assert await tab.heading() == "Home"
        assert tab.problems == []


async def test_the_pages_have_no_barriers(owner: Tab) -> None:
    """Axe finds nothing on the login and at home, in light and in dark."""
    assert await owner.barriers() == []
    await owner.open("/login")
    assert await owner.barriers() == []
