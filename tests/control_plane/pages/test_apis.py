"""The pages of API instances: list, create, summary, change, delete."""

import re
from datetime import timedelta
from typing import Any

import httpx
import pytest

from control_plane.accounts.roles import Role
from control_plane.clock import iso
from control_plane.store.tables import ApiInstance, Environment
from tests.control_plane.conftest import Platform
from tests.control_plane.events import denied, event, send
from tests.control_plane.fleet.reports import accepted, api, report, revision
from tests.control_plane.pages.test_users import version
from tests.control_plane.pages.visitor import Visitor, visiting_as

HOSTILE = "<script>alert(1)</script>"

NEW = {"asset_id": "orders", "group_id": "org.example", "asset_version": "1.0.0"}


def names(page: str) -> list[str]:
    """The names of the API instances in the list, in its order."""
    return re.findall(r'<td><a href="[^"]+/apis/\d+">([^<]+)</a>', page)


async def create(owner: Visitor, **fields: str) -> str:
    """The path of a new API instance."""
    response = await owner.send(f"{owner.home}/apis/new", **(NEW | fields))
    assert response.status_code == 303, response.text
    return str(response.headers["location"])


async def test_the_first_visit_says_what_to_do(owner: Visitor, viewer: Visitor) -> None:
    """Who may create an API instance gets a link, others the name of the permission."""
    page = await owner.page(f"{owner.home}/apis")
    assert "There is no API instance in" in page
    assert f'href="{owner.home}/apis/new"' in page
    assert "apis:write" in await viewer.page(f"{viewer.home}/apis")


async def test_an_api_instance_is_created(owner: Visitor) -> None:
    """All fields are on its page."""
    fields = {
        "instance_label": "blue",
        "endpoint_uri": "https://api.example.com/shop/orders",
        "description": "The orders of the shop",
        "tags": "shop, core,shop,",
        "technology": "serviceMesh",
    }
    page = await owner.done(f"{owner.home}/apis/new", **(NEW | fields))
    for text in (
        "The API instance orders 1.0.0 (blue) is created.",
        "https://api.example.com/shop/orders",
        "The orders of the shop",
        "shop, core",
        "Service Mesh",
    ):
        assert text in page
    assert "orders" in await owner.page(f"{owner.home}/apis")


async def test_the_group_of_the_newest_api_is_proposed(owner: Visitor) -> None:
    """Before there is one, the organization's id is."""
    path = f"{owner.home}/apis/new"
    assert f'value="{owner.platform.credentials.organization_id}"' in await owner.page(path)
    await create(owner)
    assert 'value="org.example"' in await owner.page(path)


WRONG = [
    ({"asset_id": ""}, "Fill in this field."),
    ({"group_id": " "}, "Fill in this field."),
    ({"asset_version": ""}, "Fill in this field."),
    ({"asset_id": "x" * 257}, "Use at most 256 characters."),
    ({"instance_label": "x" * 256}, "Use at most 255 characters."),
    ({"instance_label": "taken"}, "names another API instance"),
    ({"description": "x" * 4001}, "Use at most 4,000 characters."),
    ({"endpoint": "x" * 2001}, "Use at most 2,000 characters."),
    ({"endpoint": "javascript:alert(1)"}, "Must be a URL such as"),
    ({"endpoint": "http://["}, "Must be a URL such as"),
    ({"instance_label": "a\nb"}, "Remove the line ends and the invisible characters."),
    ({"tags": ",".join(map(str, range(101)))}, "Use at most 100 tags."),
    ({"tags": "x" * 257}, "Use at most 256 characters for a tag."),
    ({"technology": "cobol"}, "Choose one of"),
    ({"description": "a\x00b"}, "Remove the control characters."),
]


async def test_wrong_fields_are_named_and_the_others_kept(owner: Visitor) -> None:
    """Nothing has to be typed twice, and nothing is created."""
    await create(owner, instance_label="taken", asset_id="first")
    for fields, expected in WRONG:
        response = await owner.send(f"{owner.home}/apis/new", **(NEW | {"tags": "kept"} | fields))
        assert response.status_code in (400, 409)
        assert expected in response.text
        assert "tags" in fields or 'value="kept"' in response.text
    assert names(await owner.page(f"{owner.home}/apis")) == ["first"]


async def test_hostile_text_is_only_text(owner: Visitor) -> None:
    """In every field and on every page."""
    fields = dict.fromkeys(
        ("asset_id", "group_id", "asset_version", "instance_label", "description", "tags"), HOSTILE
    )
    path = await create(owner, **fields, endpoint=f"https://a.test/{HOSTILE}")
    for page in (path, f"{path}/settings", f"{path}/delete", f"{owner.home}/apis"):
        text = await owner.page(page)
        assert "&lt;script&gt;alert(1)" in text
        assert "<script>alert" not in text


async def test_the_list_has_the_numbers_of_the_last_day(owner: Visitor, platform: Platform) -> None:
    """Denied requests are counted apart from errors; the client applications are those approved."""
    api_id, application = await platform.api_and_application()
    contract = await platform.admin.request_contract(api_id, application["id"])
    await platform.admin.approve(api_id, contract["id"])
    await send(platform, [event(platform, status_code=status) for status in (200, 200, 500)])
    await send(platform, [denied(platform), denied(platform) | {"status_code": 503}])
    page = await owner.page(f"{owner.home}/apis")
    cells = re.findall(r'<td class="number[^>]*>([^<]*)</td>', page)
    assert cells == ["1", "5", "20.0%", "40.0%", "0 ms", "1"]
    assert "no adapter" in page
    summary = await owner.page(f"{owner.home}/apis/{api_id}")
    for text in ("<strong>5</strong>", "<strong>20.0%</strong>", "<strong>40.0%</strong>"):
        assert text in summary


async def test_older_requests_are_not_counted(owner: Visitor, platform: Platform) -> None:
    """The day ends now."""
    await platform.admin.create_api("orders")
    await send(platform, [event(platform)])
    platform.clock.move(hours=24, seconds=1)
    await owner.log_in("admin", platform.credentials.admin_password)
    page = await owner.page(f"{owner.home}/apis")
    assert re.findall(r'<td class="number[^>]*>([^<]*)<', page)[1] == "0"


@pytest.fixture
async def three(platform: Platform) -> None:
    """Three API instances: b has the most requests, c the most errors, a a contract."""
    for name in ("b", "a", "c"):
        await platform.admin.create_api(name, instanceLabel=f"label-{name}", description=name * 3)
    await platform.admin.ask("PATCH", f"{platform.apis}/3", {"deprecated": True})
    application = await platform.admin.create_application("phone")
    contract = await platform.admin.request_contract(2, application["id"])
    await platform.admin.approve(2, contract["id"])
    batch: list[Any] = [event(platform) for _ in range(3)]
    before = iso(platform.clock.now() - timedelta(seconds=9))
    slow = event(platform, api_id=3, status_code=500, received_ts=before)
    batch += [slow, denied(platform, api_id=2)]
    assert (await send(platform, batch)).status_code == 200
    now = await revision(platform)
    await accepted(platform, report(now, api(1, now), api(2, now), api(3, None)))


FOUND = {
    "": "abc",
    "?sort=-name": "cba",
    "?sort=id": "bac",
    "?sort=-requests": "bac",
    "?sort=errors": "bac",
    "?q=LABEL-A": "a",
    "?q=bbb": "b",
    "?q=3": "c",
    "?q=label&sort=-requests": "bac",
    "?status=active": "ab",
    "?status=deprecated": "c",
    "?status=deprecated&sort=-requests": "c",
    "?sort=nonsense": "abc",
    "?q=%25": "",
    "?page=2": "",
    "?page=2&sort=-requests": "",
    "?page=99999999999999999999": "",
    "?page=1" + "0" * 5000: "",
    "?page=9999999x": "abc",
    "?page=12345678.5": "abc",
    "?page=00000000": "abc",
    "?page=-1": "abc",
    "?page=²": "abc",
    "?page=9999999²": "abc",
}
FIRST = {"?sort=-errors": "c", "?sort=-denied": "a", "?sort=-applications": "a"}
FIRST |= {"?sort=-p95": "c", "?sort=in_sync": "c"}


@pytest.mark.usefixtures("three")
async def test_the_url_says_which_apis_in_which_order(owner: Visitor) -> None:
    """Search, filter, order and page; what makes no sense is ignored."""
    for query, expected in FOUND.items():
        page = await owner.page(f"{owner.home}/apis{query}")
        assert names(page) == list(expected), query
        assert expected or "Nothing matches." in page
    for query, first in FIRST.items():
        found = names(await owner.page(f"{owner.home}/apis{query}"))
        assert (found[0], len(found)) == (first, 3), query


async def test_the_credentials_of_an_endpoint_are_kept_and_never_shown(
    owner: Visitor, viewer: Visitor, platform: Platform
) -> None:
    """The mask stands for those that are stored, and for no others."""
    endpoint = {"uri": "https://u:top-secret@old.example.com/x"}
    consumer = "https://u:top-secret@old.example.com/x"
    await platform.admin.create_api("orders", endpoint=endpoint, endpointUri=consumer)
    path = f"{owner.home}/apis/1/settings"
    for page in (path, f"{owner.home}/apis/1"):
        for visitor in (owner, viewer):
            shown = await visitor.page(page)
            assert "top-secret" not in shown
            assert "https://***@old.example.com/x" in shown
    masked = "https://***@old.example.com/x"
    form = {"asset_version": "1.0.0", "endpoint": masked, "endpoint_uri": masked, "tags": "a"}
    await owner.done(path, **form, version=version(await owner.page(path)))
    api = await platform.admin.ask("GET", f"{platform.apis}/1")
    assert (api["endpoint"]["uri"], api["endpointUri"]) == (consumer, consumer)
    for field in ("endpoint", "endpoint_uri"):
        wrong = form | {field: "https://***@new.example.com"}
        refused = await owner.send(path, **wrong, version=version(await owner.page(path)))
        assert refused.status_code == 400
        assert "*** stands for" in refused.text
        assert "top-secret" not in refused.text


async def test_an_api_instance_is_changed(owner: Visitor, platform: Platform) -> None:
    """Members of the endpoint that the form does not have stay."""
    endpoint = {"uri": "https://old.example.com", "proxyUri": "http://0.0.0.0:8081/"}
    api_id = (await platform.admin.create_api("orders", endpoint=endpoint))["id"]
    path = f"{owner.home}/apis/{api_id}/settings"
    fields = {"asset_version": "2.0.0", "endpoint": "https://new.example.com", "deprecated": "true"}
    fields["endpoint_uri"] = "https://api.example.com"
    page = await owner.done(path, version=version(await owner.page(path)), **fields)
    assert "orders 2.0.0 is changed." in page
    api = await platform.admin.ask("GET", f"{platform.apis}/{api_id}")
    assert api["endpoint"]["uri"] == "https://new.example.com"
    assert api["endpoint"]["proxyUri"] == "http://0.0.0.0:8081/"
    assert api["endpointUri"] == "https://api.example.com"
    assert (api["deprecated"], api["assetVersion"]) == (True, "2.0.0")
    refused = await owner.send(path, version=version(page), asset_version="")
    assert (refused.status_code, "Fill in this field." in refused.text) == (400, True)


async def test_the_second_of_two_admins_sees_what_the_first_has_saved(owner: Visitor) -> None:
    """A change of the policies in between is no conflict."""
    api = await create(owner)
    path = f"{api}/settings"
    old = version(await owner.page(path))
    await owner.platform.admin.apply_policy(1, "access-block", {})
    await owner.done(path, version=old, asset_version="1.0.0", description="theirs")
    mine = {"asset_version": "1.0.0", "description": "mine"}
    response = await owner.send(path, version=old, **mine)
    assert response.status_code == 412
    assert "theirs" in response.text
    assert "mine" in response.text
    page = await owner.done(path, version=version(response.text), **mine)
    assert "mine" in page


async def test_deleting_names_the_consequence(owner: Visitor, platform: Platform) -> None:
    """In numbers; and the name has to be typed."""
    api_id, application = await platform.api_and_application()
    await platform.admin.apply_policy(api_id, "access-block", {})
    contract = await platform.admin.request_contract(api_id, application["id"])
    await platform.admin.approve(api_id, contract["id"])
    await send(platform, [event(platform)])
    path = f"{owner.home}/apis/{api_id}/delete"
    page = await owner.page(path)
    for text in (
        "1 policy, 0 SLA tiers and 1 contract are deleted",
        "1 client application",
        "It had 1 request in the last 24 hours.",
    ):
        assert text in page
    assert "Type orders" in (await owner.send(path, confirmed="order")).text
    assert "orders 1.0.0 is deleted." in await owner.confirmed(path, confirmed="orders")
    assert (await owner.open(f"{owner.home}/apis/{api_id}")).status_code == 404


async def test_the_snippets_have_real_ids(owner: Visitor) -> None:
    """Each can be copied as it is, but for what nobody here knows."""
    page = await owner.page(await create(owner, endpoint_uri="https://api.example.com/shop/"))
    for text in (
        "--api 1=http://127.0.0.1:8000/shop",
        "api_id: &#34;1&#34;",
        "authority: api.example.com, path_prefix: /shop",
        f"environment_id: {owner.platform.credentials.environment_id}",
        "/apis/1/policies",
    ):
        assert text in page


@pytest.mark.parametrize("page", ["", "/settings", "/delete"])
async def test_ids_of_nothing_here_are_not_found(owner: Visitor, page: str) -> None:
    """Instance 2 belongs to another environment."""
    await create(owner)
    _add_to_other_environment(owner.platform)
    for api_id in ("7", "0", "x", "99999999999999999999", "2"):
        path = f"{owner.home}/apis/{api_id}{page}"
        assert (await owner.open(path)).status_code == 404
        assert not page or (await owner.send(path, **NEW)).status_code == 404


def _add_to_other_environment(platform: Platform) -> None:
    organization_id = platform.credentials.organization_id
    with platform.services.database.write() as session:
        session.add(Environment(id="other", organization_id=organization_id, name="Sandbox"))
        session.flush()
        ours = session.get(ApiInstance, 1)
        assert ours is not None
        session.add(
            ApiInstance(
                organization_id=organization_id,
                environment_id="other",
                asset_row_id=ours.asset_row_id,
                asset_version="1",
                tags=[],
                technology="mule4",
                created_at=ours.created_at,
                policies_changed_at=ours.created_at,
            )
        )


async def test_a_viewer_changes_nothing(viewer: Visitor, platform: Platform) -> None:
    """Each refusal names the permission, and no page shows a button for it."""
    await platform.admin.create_api("orders")
    api = f"{viewer.home}/apis/1"
    for path in ("/apis/new", "/apis/1/settings", "/apis/1/delete"):
        _refused(await viewer.send(f"{viewer.home}{path}", **NEW))
    _refused(await viewer.open(f"{viewer.home}/apis/new"))
    for page in (f"{viewer.home}/apis", api, f"{api}/settings"):
        text = await viewer.page(page)
        assert ">Save<" not in text
        assert "/delete" not in text
        assert "/apis/new" not in text


def _refused(response: httpx.Response) -> None:
    assert response.status_code == 403
    assert "apis:write" in response.text


async def test_an_admin_of_the_environment_may_change_its_apis(platform: Platform) -> None:
    """A role in one environment is enough."""
    environment_id = platform.credentials.environment_id
    async with visiting_as(platform, Role.API_ADMIN, environment_id) as admin:
        await create(admin)
