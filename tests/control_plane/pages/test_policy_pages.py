"""The pages of an API instance's policies: chain, order, form, JSON, review, conflicts."""

import json
import re
from dataclasses import replace
from html import unescape
from typing import Any

import httpx
import pytest

from control_plane.app import create_app
from control_plane.management.policy_checks.checks import PolicyChecks
from control_plane.management.policy_checks.schema_check import check_by_schema, policy_schemas
from control_plane.store.tables import Policy
from tests.control_plane.conftest import Platform
from tests.control_plane.events import denied, send
from tests.control_plane.pages.test_users import version
from tests.control_plane.pages.visitor import Visitor, version_in

LIMITS = {"rateLimits": [{"maximumRequests": 100, "timePeriodInMilliseconds": 60000}]}
LIMIT_FIELDS = {
    "configurationData.rateLimits.0": "",
    "configurationData.rateLimits.0.maximumRequests": "100",
    "configurationData.rateLimits.0.timePeriodInMilliseconds": "60000",
    "configurationData.clusterizable": "true",
    "configurationData.blockOnUnknownQuota": "true",
}
HOSTILE = "<script>alert(1)</script>\u202eevil"
SECRET = "Bearer top-secret-42"


@pytest.fixture
async def api(owner: Visitor) -> str:
    """The path of the policies of a new API instance."""
    await owner.platform.admin.create_api("orders")
    return f"{owner.home}/apis/1/policies"


async def stored(platform: Platform, api_id: int = 1) -> list[dict[str, Any]]:
    """All policies, with their whole configurations."""
    found: list[dict[str, Any]] = await platform.admin.ask(
        "GET", f"{platform.apis}/{api_id}/policies", fullInfo="false"
    )
    return found


def inputs(page: str) -> dict[str, str | list[str]]:
    """What a browser would send of the form for a policy, or of the form of its review."""
    form = page[page.index('<form id="policy"') if 'id="policy"' in page else 0 :]
    form = form[form.index('<input type="hidden" name="version"') :]
    form = form[: form.index("</form>")]
    found: dict[str, str | list[str]] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        name = re.search(r'name="([^"]*)"', tag)
        value = re.search(r'value="([^"]*)"', tag)
        if name and (('type="checkbox"' not in tag) or " checked" in tag):
            found[unescape(name[1])] = unescape(value[1] if value else "")
    for name, text in re.findall(
        r'<textarea id="[^"]*"[^>]* name="([^"]*)"[^>]*>\n?([^<]*)<', form
    ):
        found[unescape(name)] = unescape(text)
    for name, options in re.findall(
        r'<select id="[^"]*" name="([^"]*)".*?>(.*?)</select>', form, re.S
    ):
        chosen = re.search(r'value="([^"]*)" selected', options)
        found[unescape(name)] = unescape(chosen[1] if chosen else "")
    return found


async def answered(owner: Visitor, path: str, do: str, **fields: Any) -> str:
    """The page that a button of the form leads to."""
    response = await owner.send(path, do=do, **fields)
    assert response.status_code == 200, (response.status_code, response.text)
    return response.text


async def saved(owner: Visitor, path: str, **fields: Any) -> str:
    """Review and save; the page of the chain."""
    review = await answered(owner, path, "review", **fields)
    return await owner.done(path, do="save", **inputs(review))


async def test_the_first_policy_is_added_by_a_form(owner: Visitor, api: str) -> None:
    """From the empty chain over the types and the form to the review."""
    page = await owner.page(api)
    assert "No policy applies to orders 1.0.0." in page
    assert f'href="{api}/new"' in page
    assert "Limits requests per period" in await owner.page(f"{api}/new?q=LIMIT+period")
    assert "No type of policy matches." in await owner.page(f"{api}/new?q=nonsense")
    path = f"{api}/new/rate-limiting"
    form = await owner.page(path)
    assert "How many requests may come in one period." in form
    chain = await saved(owner, path, **(inputs(form) | LIMIT_FIELDS))
    assert "Rate limiting is applied." in chain
    assert (await stored(owner.platform))[0]["configurationData"] == LIMITS


async def test_every_type_has_a_form(owner: Visitor, api: str) -> None:
    """With labels and help for each setting."""
    for name, schema in policy_schemas().items():
        page = await owner.page(f"{api}/new/{name}")
        for setting in schema.get("properties", {}).values():
            assert setting["title"] in page, name
    assert (await owner.open(f"{api}/new/nonsense")).status_code == 404


async def test_rows_are_added_and_removed_without_scripts(owner: Visitor, api: str) -> None:
    """What was typed stays, also in the rows of rows."""
    path = f"{api}/new/cors"
    fields = inputs(await owner.page(path))
    page = await answered(owner, path, "add configurationData.originGroups", **fields)
    fields = inputs(page) | {"configurationData.originGroups.0.originGroupName": "partners"}
    page = await answered(
        owner, path, "add configurationData.originGroups.0.allowedMethods", **fields
    )
    fields = inputs(page) | {"configurationData.originGroups.0.allowedMethods.0.methodName": "GET"}
    page = await answered(owner, path, "add configurationData.originGroups", **fields)
    page = await answered(owner, path, "remove configurationData.originGroups.1", **inputs(page))
    fields = inputs(page)
    assert fields["configurationData.originGroups.0.originGroupName"] == "partners"
    assert fields["configurationData.originGroups.0.allowedMethods.0.methodName"] == "GET"
    assert "configurationData.originGroups.1" not in fields


WRONG: list[tuple[dict[str, str], str, str]] = [
    ({"0.maximumRequests": ""}, "rateLimits.0.maximumRequests", "Is required"),
    ({"0.maximumRequests": "many"}, "rateLimits.0.maximumRequests", "whole number"),
    ({"0.maximumRequests": "-1"}, "rateLimits.0.maximumRequests", "at least 1"),
    ({"0.maximumRequests": "9" * 5000}, "rateLimits.0.maximumRequests", "whole number"),
    (
        {"0.timePeriodInMilliseconds": "0"},
        "rateLimits.0.timePeriodInMilliseconds",
        "at least 1",
    ),
    ({"0.timePeriodInMilliseconds": HOSTILE}, "rateLimits.0.timePeriodInMilliseconds", "whole"),
    ({"0.maximumRequests": "1\x00"}, "rateLimits.0.maximumRequests", "control characters"),
]


async def test_wrong_settings_are_named_at_their_fields(owner: Visitor, api: str) -> None:
    """What was typed stays in the form, and nothing is stored."""
    path = f"{api}/new/rate-limiting"
    for fields, place, expected in WRONG:
        given = LIMIT_FIELDS | {f"configurationData.rateLimits.{k}": v for k, v in fields.items()}
        for action in ("review", "save"):
            response = await owner.send(path, do=action, **given)
            assert response.status_code == 400
            error = re.search(f'id="error-configurationData.{place}">([^<]*)<', response.text)
            assert error is not None, response.text
            assert expected in error[1]
            assert "<script>alert" not in response.text
    assert await stored(owner.platform) == []


async def test_no_setting_at_all_is_a_mistake_at_the_list(owner: Visitor, api: str) -> None:
    """The list itself shows it, and the summary leads there."""
    response = await owner.send(f"{api}/new/rate-limiting", do="review")
    assert 'href="#field-configurationData.rateLimits">Rate limits</a>' in response.text


async def test_a_pattern_that_matches_nothing_is_explained(owner: Visitor, api: str) -> None:
    """At the pointcut, with what to write."""
    pointcut = {
        "pointcutData.0": "",
        "pointcutData.0.methodRegex": "get",
        "pointcutData.0.uriTemplateRegex": "/orders/{id}",
    }
    response = await owner.send(f"{api}/new/access-block", do="review", **pointcut)
    assert response.status_code == 400
    assert "write &#39;GET&#39;" in response.text
    assert "write &#39;/orders/[^/]+&#39;" in response.text


TESTED = [
    ("GET", "/orders/1", "By pointcut 1."),
    ("POST", "/orders/1", "does not apply"),
    ("get", "/orders/1", "ambiguous_method"),
    ("GET", "/orders//1", "ambiguous_path"),
    (HOSTILE, HOSTILE, "Before any policy is asked"),
]


async def test_the_tester_answers_as_the_adapter_would(owner: Visitor, api: str) -> None:
    """In the form, and over the whole chain."""
    pointcut = {"methodRegex": "GET", "uriTemplateRegex": "/orders/.*"}
    await owner.platform.admin.apply_policy(1, "access-block", {}, pointcutData=[pointcut])
    fields = {f"pointcutData.0.{name}": text for name, text in pointcut.items()}
    fields["pointcutData.0"] = ""
    for method, path, expected in TESTED:
        asked = {"test_method": method, "test_path": path}
        page = await answered(owner, f"{api}/new/access-block", "test", **fields, **asked)
        assert expected in page
        response = await owner.client.get(api, params={"method": method, "path": path})
        assert expected in response.text
        assert "<script>alert" not in response.text


async def test_a_change_is_shown_before_it_is_saved(owner: Visitor, api: str) -> None:
    """Only what changes, with titles; without a change it says so."""
    await owner.platform.admin.apply_policy(1, "rate-limiting", LIMITS)
    path = f"{api}/1"
    fields = inputs(await owner.page(path))
    assert "Nothing changes." in await answered(owner, path, "review", **fields)
    fields["configurationData.exposeHeaders"] = "true"
    page = await answered(owner, path, "review", **fields)
    assert "<dt>Expose headers</dt>" in page
    assert "<dt>Rate limits</dt>" not in page
    back = await answered(owner, path, "edit", **inputs(page))
    assert inputs(back)["configurationData.exposeHeaders"] == "true"
    await owner.done(path, do="save", **inputs(page))
    assert (await stored(owner.platform))[0]["configurationData"] == LIMITS | {
        "exposeHeaders": True
    }


async def test_warnings_are_shown_before_it_is_saved(owner: Visitor, api: str) -> None:
    """A policy may be allowed and still not be meant so."""
    path = f"{api}/new/client-id-enforcement"
    page = await answered(owner, path, "review", **inputs(await owner.page(path)))
    assert "This is allowed. Is it what you mean?" in page
    assert "no client secret is checked" in page


async def test_a_second_policy_of_a_type_is_announced(owner: Visitor, api: str) -> None:
    """Its own, or an automated one that overrides it."""
    admin = owner.platform.admin
    path = f"{api}/new/rate-limiting"
    await admin.apply_policy(1, "rate-limiting", LIMITS)
    assert "has to pass both" in await answered(owner, path, "review", **LIMIT_FIELDS)
    part = [{"methodRegex": "GET", "uriTemplateRegex": "/a"}]
    policy = await admin.apply_automated_policy("rate-limiting", LIMITS, pointcutData=part)
    assert "is asked in its place" in await answered(owner, path, "review", **LIMIT_FIELDS)
    await admin.delete_automated_policy(policy["id"])
    await admin.apply_automated_policy("rate-limiting", LIMITS)
    assert "it will not be asked" in await answered(owner, path, "review", **LIMIT_FIELDS)


async def test_a_second_policy_of_a_type_must_be_confirmed(owner: Visitor, api: str) -> None:
    """By a tick in the review, which nobody sets by mistake."""
    path = f"{api}/new/rate-limiting"
    assert 'name="second"' not in await answered(owner, path, "review", **LIMIT_FIELDS)
    await owner.platform.admin.apply_policy(1, "rate-limiting", LIMITS)
    assert 'name="second"' in await answered(owner, path, "review", **LIMIT_FIELDS)
    refused = await owner.send(path, do="save", **LIMIT_FIELDS)
    assert (refused.status_code, "has a policy of this type already" in refused.text) == (409, True)
    done = await owner.send(path, do="save", second="confirmed", **LIMIT_FIELDS)
    assert done.status_code == 303


async def test_json_edits_the_same_thing(owner: Visitor, api: str) -> None:
    """From the form to JSON and back; unsaved changes come along."""
    await owner.platform.admin.apply_policy(1, "rate-limiting", LIMITS)
    path = f"{api}/1"
    fields = inputs(await owner.page(path)) | {"configurationData.keySelector": "#[1]"}
    page = await answered(owner, path, "json", **fields)
    given = json.loads(str(inputs(page)["json"]))
    assert given == LIMITS | {"keySelector": "#[1]"}
    given["keySelector"] = "#[attributes.headers['x-tenant']]"
    back = await answered(owner, path, "form", **(inputs(page) | {"json": json.dumps(given)}))
    assert inputs(back)["configurationData.keySelector"] == given["keySelector"]
    await saved(owner, path, **(inputs(page) | {"json": json.dumps(given)}))
    assert (await stored(owner.platform))[0]["configurationData"] == given


WRONG_JSON = [
    ("", "This is not JSON"),
    ("{", "This is not JSON"),
    ("[]", "Write an object"),
    ('{"a": NaN}', "This is not JSON"),
    ('{"a": "\\ud800"}', "This is not JSON: a number is too large, or a text can't be"),
    ('{"a": ' + "9" * 5000 + "}", "This is not JSON: a number is too large"),
    ('{"a":' * 70 + "1" + "}" * 70, "Use at most 64 levels"),
    ("[" * 100_000, "Use at most 64 levels"),
    ('{"rateLimit": [1]}', "did you mean rateLimits?"),
    ('{"rateLimits": "***"}', "*** stands for a stored secret"),
    (HOSTILE, "This is not JSON"),
]


async def test_wrong_json_is_explained(owner: Visitor, api: str) -> None:
    """It stays in the field; also the form is not shown for it, because it would lose a part."""
    for text, expected in WRONG_JSON:
        for action in ("review", "form"):
            response = await owner.send(f"{api}/new/rate-limiting", do=action, json=text)
            assert response.status_code == 400
            assert expected in unescape(response.text)
            assert inputs(response.text)["json"] == text


async def test_secrets_are_kept_and_never_shown(owner: Visitor, api: str) -> None:
    """In the form, as JSON, in reviews and in the chain, for all roles."""
    headers = [
        {"key": "Authorization", "value": SECRET},
        {"key": "x-plain", "value": "plain"},
    ]
    await owner.platform.admin.apply_policy(1, "header-injection", {"inboundHeaders": headers})
    path = f"{api}/1"
    form = await owner.page(path)
    assert "A value is stored. Leave this empty to keep it." in form
    fields = inputs(form) | {"configurationData.inboundHeaders.1.value": "changed"}
    as_json = await answered(owner, path, "json", **fields)
    review = await answered(owner, path, "review", **inputs(as_json))
    chain = await saved(owner, path, **inputs(as_json))
    for page in (form, as_json, review, chain, await owner.page(api)):
        assert SECRET not in unescape(page)
    assert "***" in as_json
    headers[1]["value"] = "changed"
    assert (await stored(owner.platform))[0]["configurationData"] == {"inboundHeaders": headers}


async def test_a_secret_does_not_move_to_another_name(owner: Visitor, api: str) -> None:
    """Under a name that is not secret, its value would be shown."""
    headers = [{"key": "Authorization", "value": SECRET}]
    await owner.platform.admin.apply_policy(1, "header-injection", {"inboundHeaders": headers})
    path = f"{api}/1"
    fields = inputs(await owner.page(path)) | {"configurationData.inboundHeaders.0.key": "x-seen"}
    response = await owner.send(path, do="review", **fields)
    assert response.status_code == 400
    assert 'id="error-configurationData.inboundHeaders.0.value"' in response.text
    text = json.dumps({"inboundHeaders": [{"key": "x-seen", "value": "***"}]})
    response = await owner.send(path, do="review", json=text, version=fields["version"])
    assert response.status_code == 400
    assert "*** stands for a stored secret" in response.text
    assert SECRET not in response.text


async def test_a_new_secret_replaces_the_old_one(owner: Visitor, api: str) -> None:
    """The review says that it is new, not what it is; an optional one can be deleted."""
    configuration = {"username": "ann", "password": "old-secret"}
    await owner.platform.admin.apply_policy(1, "credential-injection-basic-auth", configuration)
    path = f"{api}/1"
    fields = inputs(await owner.page(path)) | {"configurationData.password": "new-secret"}
    review = await answered(owner, path, "review", **fields)
    assert "*** (a new value)" in review
    await owner.done(path, do="save", **inputs(review))
    configuration["password"] = "new-secret"
    assert (await stored(owner.platform))[0]["configurationData"] == configuration
    fields = inputs(await owner.page(path)) | {"configurationData.password.forget": "true"}
    await saved(owner, path, **fields)
    assert (await stored(owner.platform))[0]["configurationData"] == {"username": "ann"}


async def test_the_second_of_two_admins_sees_both_versions(owner: Visitor, api: str) -> None:
    """412 with theirs, yours and a way on; the order of the policies does not matter."""
    admin = owner.platform.admin
    await admin.apply_policy(1, "rate-limiting", LIMITS)
    await admin.apply_policy(1, "access-block", {})
    path = f"{api}/1"
    mine = inputs(await owner.page(path)) | {"configurationData.keySelector": "#[vars.mine]"}
    await owner.done(f"{api}/order", version="1-2", order=["1", "2"], move="1 down")
    theirs = LIMITS | {"exposeHeaders": True}
    await admin.change_policy(1, 1, configurationData=theirs)
    for action in ("review", "save"):
        response = await owner.send(path, do=action, **mine)
        assert response.status_code == 412
        assert '<th scope="row">Expose headers' in response.text
        assert "#[vars.mine]" in unescape(response.text)
    wrong = await owner.send(path, do="save", **(mine | {"json": "{"}))
    assert wrong.status_code == 400
    key = "#[attributes.headers['x-mine']]"
    again = {**mine, "configurationData.keySelector": key, "version": version(response.text)}
    await owner.done(path, do="save", **again)
    assert (await stored(owner.platform))[1]["configurationData"] == LIMITS | {
        "keySelector": key,
        "exposeHeaders": False,
    }


async def test_the_chain_is_in_the_order_of_the_adapter(owner: Visitor, api: str) -> None:
    """CORS first, then automated policies, then the API's own; overridden ones say so."""
    admin = owner.platform.admin
    await admin.apply_policy(1, "rate-limiting", LIMITS)
    await admin.apply_policy(1, "ip-blocklist", {"ips": ["192.0.2.1"]})
    await admin.apply_policy(1, "access-block", {}, disabled=True)
    await admin.apply_policy(1, "cors", {})
    part = [{"methodRegex": "GET", "uriTemplateRegex": "/a"}]
    await admin.apply_automated_policy("ip-blocklist", {"ips": ["192.0.2.2"]}, pointcutData=part)
    await admin.apply_automated_policy("rate-limiting", LIMITS)
    page = await owner.page(f"{api}?method=GET&path=/a")
    titles = re.findall(r"<strong>([^<]+)</strong>", page[page.index("<tbody") :])
    assert titles == [
        "CORS",
        "IP blocklist",
        "Rate limiting",
        "Rate limiting",
        "IP blocklist",
        "Access block",
    ]
    rows = page.split("<tr")[2:]
    assert "overridden</span>" in rows[3]
    assert "is not asked" in rows[3]
    assert "overridden where the automated policy applies" in rows[4]
    assert "The automated policy is asked in its place." in rows[4]
    assert "off</span>" in rows[5]


async def test_an_automated_policy_for_mule_overrides_nothing(owner: Visitor, api: str) -> None:
    """Adapters leave it out."""
    admin = owner.platform.admin
    await admin.apply_policy(1, "rate-limiting", LIMITS)
    rule = {
        "environmentId": owner.platform.credentials.environment_id,
        "technologies": ["mule4"],
    }
    await admin.apply_automated_policy("rate-limiting", LIMITS, ruleOfApplication=rule)
    page = await owner.page(api)
    assert "Mule only" in page
    assert "overridden" not in page


async def test_refusals_are_counted_for_each_policy(owner: Visitor, api: str) -> None:
    """Policies of the environment have numbers of their own."""
    admin = owner.platform.admin
    await admin.apply_policy(1, "rate-limiting", LIMITS)
    await admin.apply_automated_policy("ip-blocklist", {"ips": ["192.0.2.2"]})
    violation = {"policy_id": 1, "policy_name": "rate-limiting", "outcome": "VIOLATION"}
    batch = [denied(owner.platform) | {"policy_violation": violation} for _ in range(3)]
    await send(owner.platform, batch)
    page = await owner.page(api)
    assert re.findall(r'<td role="cell" class="number minor">(\d+)</td>', page) == ["0", "3"]
    assert "It refused 3 requests in the last 24 hours." in await owner.page(f"{api}/1/remove")


async def orders(owner: Visitor) -> list[int]:
    """The ids of the policies in their order."""
    return [policy["id"] for policy in await stored(owner.platform)]


@pytest.fixture
async def three(api: str, platform: Platform) -> str:
    """Three policies of one API instance."""
    message = {"itemData": {"level": "INFO", "message": "a"}}
    admin = platform.admin
    await admin.apply_policy(1, "access-block", {})
    await admin.apply_policy(1, "message-logging", {"loggingConfiguration": [message]})
    await admin.apply_policy(1, "rate-limiting", LIMITS)
    return api


async def test_the_order_changes_by_steps_and_at_once(owner: Visitor, three: str) -> None:
    """By buttons, and as dragging sends it."""
    path = f"{three}/order"
    await owner.done(path, version="1-2-3", order=["1", "2", "3"], move="3 up")
    assert await orders(owner) == [1, 3, 2]
    await owner.done(path, version="1-3-2", order=["1", "3", "2"], move="1 down")
    assert await orders(owner) == [3, 1, 2]
    await owner.done(path, version="3-1-2", order=["2", "1", "3"])
    assert await orders(owner) == [2, 1, 3]
    for move in ("2 up", "3 down", "9 up", "1 sideways", HOSTILE):
        await owner.done(path, version="2-1-3", order=["2", "1", "3"], move=move)
        assert await orders(owner) == [2, 1, 3]


async def test_two_admins_who_reorder_hear_of_each_other(owner: Visitor, three: str) -> None:
    """Also if one of them adds or removes a policy; what is gone stays gone."""
    path = f"{three}/order"
    await owner.done(path, version="1-2-3", order=["3", "2", "1"])
    await owner.confirmed(f"{three}/2/remove")
    await owner.platform.admin.apply_policy(1, "header-removal", {})
    response = await owner.send(path, version="1-2-3", order=["2", "1", "3"])
    assert response.status_code == 412
    again = re.findall(r'name="order" value="(\d+)"', response.text)
    assert again == ["1", "3", "4"]
    await owner.done(path, version=version_text(response), order=again)
    assert await orders(owner) == [1, 3, 4]


def version_text(response: httpx.Response) -> str:
    """The version of an order."""
    found = re.search(r'name="version" value="([0-9-]+)"', response.text)
    assert found is not None
    return found[1]


async def test_an_order_has_each_policy_once(owner: Visitor, three: str) -> None:
    """Anything else is treated as made from an old page; what is no number is refused."""
    for order in ([], ["1"], ["1", "2", "2"], ["1", "2", "3", "4"]):
        response = await owner.send(f"{three}/order", version="1-2-3", order=order)
        assert response.status_code == 412
    for value in ("x", "", "9" * 30, "-1", "\u0661"):
        response = await owner.send(f"{three}/order", version="1-2-3", order=["1", value])
        assert response.status_code == 400
    assert await orders(owner) == [1, 2, 3]


async def test_a_policy_is_turned_off_and_on(owner: Visitor, three: str) -> None:
    """Off needs a confirmation that says what happens."""
    page = await owner.page(f"{three}/1/disable")
    assert "Turn Access block off?" in page
    assert "It refused 0 requests in the last 24 hours." in page
    assert "Access block is off." in await owner.confirmed(f"{three}/1/disable")
    assert (await stored(owner.platform))[0]["disabled"]
    assert "so decisions stay the same" in await owner.page(f"{three}/1/remove")
    version = version_in(await owner.page(three))
    assert "Access block is on." in await owner.done(f"{three}/1/enable", version=version)


@pytest.mark.parametrize("act", ["disable", "enable", "remove"])
async def test_a_policy_that_changed_meanwhile_is_left_alone(
    owner: Visitor, api: str, act: str
) -> None:
    """Somebody has read another configuration than the one that would end. Its place may change."""
    await owner.platform.admin.apply_policy(1, "rate-limiting", LIMITS)
    await owner.platform.admin.apply_policy(1, "access-block", {})
    old = version_in(await owner.page(f"{api}/1/remove"))
    path = f"{owner.platform.apis}/1/policies/1"
    limits = {"rateLimits": [{"maximumRequests": 7, "timePeriodInMilliseconds": 1000}]}
    await owner.platform.admin.ask("PATCH", path, {"configurationData": LIMITS | limits})
    before = await stored(owner.platform)
    for shown in (old, "", "anything"):
        response = await owner.send(f"{api}/1/{act}", version=shown)
        assert response.status_code == 412
        assert "Somebody else has changed this since you opened it" in response.text
    assert await stored(owner.platform) == before
    new = version_in(await owner.page(f"{api}/1/remove"))
    await owner.done(f"{api}/order", version="1-2", order=["2", "1"])
    await owner.done(f"{api}/1/{act}", version=new)


async def test_removing_the_last_policy_says_that_the_api_opens(owner: Visitor, api: str) -> None:
    """All requests pass then."""
    await owner.platform.admin.apply_policy(1, "access-block", {})
    assert "all requests to this API will be allowed" in await owner.page(f"{api}/1/remove")
    assert "Access block is removed." in await owner.confirmed(f"{api}/1/remove")
    assert await stored(owner.platform) == []


async def test_a_type_that_only_other_gateways_know_is_edited_as_json(
    owner: Visitor, api: str
) -> None:
    """There is no form for it, and no check."""
    body = {
        "assetId": "company-policy",
        "assetVersion": "1.0.0",
        "configurationData": {"apiKey": SECRET, "mode": "a"},
    }
    await owner.platform.admin.ask(
        "POST", f"{owner.platform.apis}/1/policies", body, allowUnknown="true"
    )
    page = await owner.page(f"{api}/1")
    assert SECRET not in page
    fields = inputs(page)
    given = json.loads(str(fields["json"])) | {"mode": "b"}
    await saved(owner, f"{api}/1", **(fields | {"json": json.dumps(given)}))
    assert (await stored(owner.platform))[0]["configurationData"] == {"apiKey": SECRET, "mode": "b"}
    without = await owner.send(f"{api}/1", do="review", version=fields["version"])
    assert "Write the configuration as JSON." in without.text


async def test_secrets_that_are_no_texts_are_kept_and_never_shown(owner: Visitor, api: str) -> None:
    """Nobody knows the types of a type's settings; the names say what is secret."""
    secrets = {
        "apiKey": {"inner": "secret-4", "size": 47114711471147},
        "tokens": ["secret-5", {"a": "secret-6"}],
        "password": 1234567890123,
        "url": "https://u:secret-7@idp.test/",
        "headers": [{"name": "Authorization", "value": {"is": "secret-8"}}],
    }
    configuration = secrets | {"mode": "a", "size": 7, "on": True}
    await owner.platform.admin.apply_policy(1, "our-own", configuration, allow_unknown=True)
    page = await owner.page(f"{api}/1")
    fields = inputs(page)
    shown = json.loads(str(fields["json"]))
    assert shown == configuration | {
        "apiKey": "***",
        "tokens": "***",
        "password": "***",
        "url": "https://***@idp.test/",
        "headers": [{"name": "Authorization", "value": "***"}],
    }
    changed = json.dumps(shown | {"mode": "b"})
    review = await answered(owner, f"{api}/1", "review", **(fields | {"json": changed}))
    for secret in ("secret-", "47114711", "1234567890123"):
        assert secret not in page + review
    await saved(owner, f"{api}/1", **(fields | {"json": changed}))
    [policy] = await stored(owner.platform)
    assert policy["configurationData"] == configuration | {"mode": "b"}


async def test_no_part_of_a_secret_is_shown_or_moves(owner: Visitor, api: str) -> None:
    """Not by asking for a part of it, and not under a name that is no secret's."""
    configuration = {
        "apiKey": {"inner": "secret-4"},
        "headers": [{"name": "Authorization", "value": "secret-8"}],
    }
    await owner.platform.admin.apply_policy(1, "our-own", configuration, allow_unknown=True)
    fields = inputs(await owner.page(f"{api}/1"))
    part = fields | {"json": json.dumps(configuration | {"apiKey": {"inner": "***", "more": 1}})}
    assert "secret-4" not in (await owner.send(f"{api}/1", do="json", **part)).text
    moved = {"headers": [{"name": "x-seen", "value": "***"}], "apiKey": "***"}
    response = await owner.send(f"{api}/1", do="review", **(fields | {"json": json.dumps(moved)}))
    assert response.status_code == 400
    assert "*** stands for a stored secret" in response.text


async def test_many_rows_are_edited_as_json(owner: Visitor, api: str) -> None:
    """A form of a thousand fields would be cut off by the browser or the server."""
    many = [
        {"originGroupName": str(n), "allowedMethods": [{"methodName": m} for m in ("GET", "PUT")]}
        for n in range(100)
    ]
    await owner.platform.admin.apply_policy(1, "cors", {"originGroups": many})
    page = await owner.page(f"{api}/1")
    assert json.loads(str(inputs(page)["json"])) == {"originGroups": many}


async def test_the_most_policies_are_named(owner: Visitor, api: str) -> None:
    """The use case's refusal is shown above the form."""
    for _ in range(100):
        await owner.platform.admin.apply_policy(1, "access-block", {})
    response = await owner.send(f"{api}/new/access-block", do="save")
    assert response.status_code == 400
    assert "has 100 policies already" in response.text


PATHS = ["", "/new", "/new/cors", "/1", "/1/disable", "/1/enable", "/1/remove", "/order"]


async def test_ids_of_nothing_here_are_not_found(owner: Visitor, api: str) -> None:
    """API instance 2 has policy 2, API instance 1 has none of them."""
    await owner.platform.admin.apply_policy(1, "access-block", {})
    await owner.platform.admin.create_api("other")
    await owner.platform.admin.apply_policy(2, "access-block", {})
    for policy_id in ("2", "0", "x", "99999999999999999999"):
        for page in ("", "/disable", "/remove"):
            assert (await owner.open(f"{api}/{policy_id}{page}")).status_code == 404
            assert (await owner.send(f"{api}/{policy_id}{page}", do="save")).status_code == 404
    for path in PATHS:
        missing = f"{owner.home}/apis/7/policies{path}"
        assert (await owner.send(missing, do="save")).status_code in (404, 405)


async def test_a_viewer_sees_the_chain_and_changes_nothing(
    viewer: Visitor, platform: Platform
) -> None:
    """Each refusal names the permission, and there is no button for it."""
    await platform.admin.create_api("orders")
    api = f"{viewer.home}/apis/1/policies"
    assert "Add the first policy" not in await viewer.page(api)
    await platform.admin.apply_policy(1, "rate-limiting", LIMITS)
    page = await viewer.page(api)
    assert "Rate limiting" in page
    for text in ("Add a policy", "Remove", "Turn off", "Move"):
        assert text not in page
    for path in PATHS[1:]:
        response = await viewer.send(f"{api}{path}", do="save")
        assert response.status_code == 405 or "apis:write" in response.text
    for path in ("/new", "/new/cors", "/1", "/1/remove"):
        response = await viewer.open(f"{api}{path}")
        assert (response.status_code, "apis:write" in response.text) == (403, True)
    assert len(await stored(platform)) == 1


async def test_without_the_adapters_package_there_is_no_tester(
    owner: Visitor, api: str, platform: Platform
) -> None:
    """Configurations are still checked by their schemas."""
    await platform.admin.apply_policy(1, "access-block", {})
    checks = PolicyChecks(check_by_schema, is_complete=False)
    app = create_app(replace(platform.services, policy_checks=checks))
    owner.client._transport = httpx.ASGITransport(app)
    for path in (api, f"{api}/new/access-block"):
        assert 'class="tester"' not in await owner.page(path)
    assert "unknown" in await owner.page(f"{api}?method=GET")
    response = await owner.send(f"{api}/new/rate-limiting", do="save", test_path="/")
    assert response.status_code == 400
    assert "Rate limits" in response.text
    tested = await answered(owner, f"{api}/new/access-block", "test")
    assert "unknown" not in tested


async def test_a_form_that_grows_too_large_goes_on_as_json(owner: Visitor, api: str) -> None:
    """Nothing of it is lost."""
    groups = "configurationData.originGroups"
    fields = {f"{groups}.{group}": "" for group in range(100)}
    fields |= {f"{groups}.{n % 100}.allowedMethods.{n // 100}": "" for n in range(300)}
    page = await answered(owner, f"{api}/new/cors", "edit", **fields)
    given = json.loads(str(inputs(page)["json"]))
    assert len(given["originGroups"]) == 100
    assert len(given["originGroups"][99]["allowedMethods"]) == 3


async def test_a_scope_of_earlier_versions_can_be_unreadable(
    owner: Visitor, api: str, platform: Platform
) -> None:
    """The chain is shown all the same."""
    await platform.admin.apply_policy(1, "access-block", {})
    with platform.services.database.write() as session:
        policy = session.get(Policy, 1)
        assert policy is not None
        policy.pointcut = [{"methodRegex": "(", "uriTemplateRegex": "/a"}]
    assert "Its scope can&#39;t be read." in await owner.page(f"{api}?method=GET&path=/a")
