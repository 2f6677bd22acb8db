"""Forms that are sent twice, by a double click or by loading the answer again, make one thing."""

import asyncio
import re

import pytest

from tests.control_plane.conftest import ON_BOTH_DATABASES, Platform
from tests.control_plane.pages.test_alerts import ALERT
from tests.control_plane.pages.visitor import Visitor

TOKENS = "/settings/tokens"


def hidden(page: str) -> dict[str, str]:
    """The hidden fields of the page's forms."""
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page))


def rows(page: str) -> int:
    """How many rows the page's table has."""
    return page.count("<tr>") - 1


@ON_BOTH_DATABASES
async def test_six_forms_at_once_make_one_application(owner: Visitor) -> None:
    """The later answers lead to the application, and say where its secret was."""
    path = f"{owner.home}/applications"
    fields = hidden(await owner.page(f"{path}/new")) | {"name": "twin", "redirect_uris": "a b"}
    sent = [owner.send(f"{path}/new", **fields) for _ in range(6)]
    answers = sorted(answer.status_code for answer in await asyncio.gather(*sent))
    assert answers == [200, 303, 303, 303, 303, 303]
    assert "Its secret was in the first answer." in await owner.done(f"{path}/new", **fields)
    assert rows(await owner.page(path)) == 1
    other = fields | {"name": "Another one, after Back"}
    assert (await owner.send(f"{path}/new", **other)).status_code == 200
    assert rows(await owner.page(path)) == 2


@pytest.mark.parametrize("newest", ["", "x", "-1", "9" * 40])
async def test_a_form_that_names_no_newest_row_is_taken_as_it_is(
    owner: Visitor, newest: str
) -> None:
    """Scripts that send only the fields of an application make one each time."""
    path = f"{owner.home}/applications"
    for _ in range(2):
        assert (await owner.send(f"{path}/new", name="x", newest=newest)).status_code == 200
    assert rows(await owner.page(path)) == 2


CREATIONS = [
    ("{home}/apis/new", "{home}/apis", {"asset_id": "users", "group_id": "g", "tags": "a, b"}),
    ("{home}/alerts/new", "{home}/alerts", ALERT | {"webhook_url": "https://hooks.test/1"}),
]


@pytest.mark.parametrize(("form", "shown", "fields"), CREATIONS, ids=["api", "alert"])
async def test_the_second_answer_leads_to_what_the_first_has_made(
    owner: Visitor, platform: Platform, form: str, shown: str, fields: dict[str, str]
) -> None:
    """Nothing is made, and the page says what was."""
    await platform.admin.create_api("orders")
    form, shown = form.format(home=owner.home), shown.format(home=owner.home)
    before = rows(await owner.page(shown)) if "apis" in shown else 0
    given = {"asset_version": "1.0.0"} | hidden(await owner.page(form)) | fields
    first = await owner.send(form, **given)
    assert first.status_code in (200, 303)
    assert "is created." in await owner.done(form, **given)
    assert rows(await owner.page(shown)) == before + 1


@pytest.mark.parametrize("place", ["apis/1/policies", "automated-policies"])
async def test_a_policy_is_applied_once(owner: Visitor, platform: Platform, place: str) -> None:
    """By the button of its review, pressed twice."""
    await platform.admin.create_api("orders")
    path = f"{owner.home}/{place}"
    form = f"{path}/new/access-block"
    review = await owner.send(form, do="review", **hidden(await owner.page(form)))
    for _ in range(2):
        assert "is applied" in await owner.done(form, do="save", **hidden(review.text))
    assert len(set(re.findall(r"policies/(\d+)/remove", await owner.page(path)))) == 1


async def test_a_token_is_made_once(owner: Visitor) -> None:
    """The second answer can't show it, and says what to do."""
    fields = hidden(await owner.page(TOKENS)) | {"name": "nightly", "days": "7"}
    assert (await owner.send(TOKENS, **fields)).status_code == 200
    again = await owner.send(TOKENS, **fields)
    assert again.status_code == 409
    assert "This form was sent twice, and made one token" in again.text
    assert rows(await owner.page(TOKENS)) == 1
