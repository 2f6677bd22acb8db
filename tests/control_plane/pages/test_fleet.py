"""Adapters, the roll-out of an API instance, and discovered services."""

import re

import pytest

from control_plane.accounts.roles import Role
from tests.control_plane.conftest import ON_BOTH_DATABASES, Platform
from tests.control_plane.fleet.reports import accepted, api, report, revision, seen
from tests.control_plane.pages.visitor import Visitor, visiting_as

HOSTILE = "<script>alert(1)</script>"


async def with_api(platform: Platform, *names: str) -> int:
    """The id of a new API that these adapters run."""
    api_id: int = (await platform.admin.create_api("orders"))["id"]
    now = await revision(platform)
    for name in names:
        await accepted(platform, report(now, api(api_id, now)), name)
    return api_id


def text(page: str) -> str:
    """What a page says, without its tags."""
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


# Adapters


async def test_without_adapters_the_page_says_how_to_start_one(owner: Visitor) -> None:
    """With the address of this control plane."""
    page = await owner.page(f"{owner.home}/adapters")
    assert "No adapter has reported to" in page
    assert "policy-control-plane adapter-settings" in page
    assert "--base-url https://console.test" in page
    assert "policy-adapter serve --config adapter.yaml" in page


async def test_the_list_says_how_each_adapter_is_doing(owner: Visitor, platform: Platform) -> None:
    """In words, with the age of the report."""
    await accepted(platform, report(0), "silent")
    platform.clock.move(minutes=5)
    await with_api(platform, "good")
    faulty = api(1, 1, faults=["policy 1: no"])
    await accepted(platform, report(1, faulty, serving=False), "closed")
    platform.clock.move(seconds=12)
    page = text(await owner.page(f"{owner.home}/adapters"))
    assert re.search(r"closed ✕ rejected 1 API instance is closed not ready for requests", page)
    assert re.search(r"good ✓ in sync 1 1.2.3 compiled 12 s ago", page)
    assert re.search(r"silent . unknown", page)
    assert "The newest change is revision" in page


@ON_BOTH_DATABASES
async def test_the_list_can_be_searched(owner: Visitor, platform: Platform) -> None:
    """By name and version."""
    await accepted(platform, report(0), "gw-1")
    await accepted(platform, report(0, version="2.0.0"), "gw-2")
    page = await owner.page(f"{owner.home}/adapters?q=2.0.0")
    assert "gw-2" in page
    assert ">gw-1<" not in page
    assert "Nothing matches." in await owner.page(f"{owner.home}/adapters?q=zzz")


async def test_an_adapters_page_has_everything_it_reported(
    owner: Visitor, platform: Platform
) -> None:
    """Also what hostile reports contain, as text."""
    await with_api(platform)
    faulty = api(1, None, faults=[f"policy 1: {HOSTILE}"], notes=["the last poll failed"])
    document = report(
        1,
        faulty | {"fromDisk": True},
        api(99, 1),
        alarms=["quota store: it is down"],
        events={"waiting": 7, "outcomes": {"made": 1200, "dropped_spool_full": 3}},
        quotas={"store": "redis", "available": False, "processesAlone": 2},
        apisLeftOut=4,
        requestsLeftOut=5,
        serving=False,
        automated=None,
    )
    await accepted(platform, document)
    page = await owner.page(f"{owner.home}/adapters/1")
    assert HOSTILE not in page
    said = text(page)
    for part in (
        "policy 1: &lt;script&gt;",
        "the last poll failed",
        "from the disk copy",
        "quota store: it is down",
        "3 dropped since the start",
        "1,200 made, 3 dropped spool full",
        "counted on a shared server ✕ the server is down 2 processes count alone",
        "4 API instances had no room",
        "5 requests without an API had no room",
        "not ready",
        "not loaded from the platform yet",
        "deleted 99",
    ):
        assert part in said, part


async def test_the_apis_of_an_adapter_can_be_filtered(owner: Visitor, platform: Platform) -> None:
    """The worst first; those that are closed; those whose name or id is searched for."""
    for name in ("orders", "payments", "stock"):
        await platform.admin.create_api(name)
    now = await revision(platform)
    await accepted(platform, report(now, api(1, now), api(2, now, faults=["no"]), api(3, now)))
    path = f"{owner.home}/adapters/1"
    everything = text(await owner.page(path))
    assert everything.index("payments") < everything.index("orders")
    for query, names in {
        "show=closed": {"payments"},
        "show=troubled": {"payments"},
        "q=STO": {"stock"},
    }.items():
        page = await owner.page(f"{path}?{query}")
        assert set(re.findall(r">(orders|payments|stock)<", page)) == names
    assert "Nothing matches." in await owner.page(f"{path}?q=zzz")


async def test_an_adapter_without_apis(owner: Visitor, platform: Platform) -> None:
    """A new environment."""
    await accepted(platform, report(0))
    assert "It has no API instance." in await owner.page(f"{owner.home}/adapters/1")


async def test_parts_that_differ_have_their_own_revisions(
    owner: Visitor, platform: Platform
) -> None:
    """SLA tiers are fetched less often than policies. An API that is not there has none."""
    api_id = await with_api(platform)
    await platform.admin.create_api("stock")
    await accepted(platform, report(9, api(api_id, 9) | {"tiers": 1, "contracts": None}))
    said = text(await owner.page(f"{owner.home}/adapters/1"))
    assert "policies 9, tiers 1, contracts unknown" in said
    assert "stock 2 ✓ in sync not loaded" not in said
    assert "not loaded" in said


async def test_a_shared_id_is_shown(owner: Visitor, platform: Platform) -> None:
    """With the setting that ends it."""
    await accepted(platform, report(0, startedAt=2))
    await accepted(platform, report(0, startedAt=1))
    assert "reports.instance_id" in await owner.page(f"{owner.home}/adapters/1")


async def test_an_adapter_is_forgotten_and_comes_back(owner: Visitor, platform: Platform) -> None:
    """After a page that asks; the audit log knows who did it."""
    await accepted(platform, report(0), "gw-1")
    path = f"{owner.home}/adapters/1/forget"
    assert "Forget the adapter gw-1?" in await owner.page(path)
    assert "The adapter gw-1 is forgotten." in await owner.confirmed(path)
    assert (await owner.open(f"{owner.home}/adapters/1")).status_code == 404
    assert "adapter" in await owner.page("/audit?kind=adapter")
    await accepted(platform, report(0), "gw-1")
    assert "gw-1" in await owner.page(f"{owner.home}/adapters")


async def test_a_viewer_may_look_and_not_forget(viewer: Visitor, platform: Platform) -> None:
    """The 403 names the permission."""
    await accepted(platform, report(0))
    assert "Forget" not in await viewer.page(f"{viewer.home}/adapters/1")
    response = await viewer.send(f"{viewer.home}/adapters/1/forget")
    assert response.status_code == 403
    assert "adapters:write" in response.text


@ON_BOTH_DATABASES
@pytest.mark.parametrize(
    "page", ["adapters/1", "adapters/x", "services/1", "services/0", "apis/9/rollout"]
)
async def test_what_is_not_there_is_404(owner: Visitor, page: str) -> None:
    """Also for ids that are none."""
    assert (await owner.open(f"{owner.home}/{page}")).status_code == 404


# Roll-out


async def test_a_rollout_says_how_many_adapters_run_the_last_change(
    owner: Visitor, platform: Platform
) -> None:
    """And which do not yet."""
    api_id = await with_api(platform, "a", "b", "c")
    await platform.admin.apply_policy(api_id, "cors", {"publicResource": True})
    now = await revision(platform)
    await accepted(platform, report(now, api(api_id, now)), "a")
    page = await owner.page(f"{owner.home}/apis/{api_id}/rollout")
    assert f"Revision {now} is saved; 1 of 3 adapters run it." in page
    assert 'hx-trigger="every 3s"' in page
    assert text(page).count("applying") == 2
    for name in "bc":
        await accepted(platform, report(now, api(api_id, now)), name)
    page = await owner.page(f"{owner.home}/apis/{api_id}/rollout")
    assert "3 of 3 adapters run it." in page
    assert 'hx-trigger="every 30s"' in page


async def test_a_rollout_to_one_adapter(owner: Visitor, platform: Platform) -> None:
    """Whether it runs the last change; without an audit log there is no number."""
    api_id = await with_api(platform, "only")
    page = f"{owner.home}/apis/{api_id}/rollout"
    assert "is saved; the adapter runs it." in await owner.page(page)
    await platform.admin.create_tier(api_id, "gold", [(1, 1000)])
    assert "is saved; the adapter does not run it yet." in await owner.page(page)
    with platform.services.database.connection(write=True) as connection:
        connection.exec_driver_sql("DELETE FROM audit_entries")
    assert "The last change is saved; the adapter runs it." in await owner.page(page)


async def test_a_rollout_without_adapters(owner: Visitor, platform: Platform) -> None:
    """A sentence, not "0 of 0"."""
    api_id = await with_api(platform)
    page = await owner.page(f"{owner.home}/apis/{api_id}/rollout")
    assert "no adapter that reports enforces this API instance" in page


# Discovered services


@ON_BOTH_DATABASES
async def test_services_wait_for_a_decision(owner: Visitor, platform: Platform) -> None:
    """The busiest first; hostile names are text."""
    services = f"{owner.home}/services"
    assert "No service waits for a decision." in await owner.page(services)
    names = [seen("a.test", 1), seen(HOSTILE, 9, "r"), seen("", 3)]
    await accepted(platform, report(0, services=names))
    page = await owner.page(services)
    assert HOSTILE not in page
    said = text(page)
    assert said.index("&lt;script&gt;") < said.index("a service without a name")
    assert said.index("a service without a name") < said.index("a.test")
    assert "Nothing matches." in await owner.page(f"{services}?q=zzz")
    assert "No service is ignored." in await owner.page(f"{services}?show=ignored")
    assert "script" in await owner.page(f"{services}/2")


async def test_a_service_is_ignored_with_a_note_and_taken_back(
    owner: Visitor, platform: Platform
) -> None:
    """It leaves the list, and is under another filter with its note."""
    await accepted(platform, report(0, services=[seen("probe.test", 1)]))
    path = f"{owner.home}/services/1"
    assert "1 request" in await owner.page(f"{path}/ignore")
    long = await owner.send(f"{path}/ignore", note="x" * 501)
    assert long.status_code == 400
    assert "Use at most 500 characters." in long.text
    page = await owner.done(f"{path}/ignore", note="a health check")
    assert "probe.test is ignored." in page
    ignored = await owner.page(f"{owner.home}/services?show=ignored")
    assert "a health check" in ignored
    assert "a health check" in await owner.page(path)
    assert "is no longer ignored" in await owner.done(f"{path}/stop-ignoring")
    assert "a health check" not in await owner.page(path)
    assert "stop ignoring" in await owner.page("/audit?kind=service")


async def test_a_managed_service_becomes_an_api(owner: Visitor, platform: Platform) -> None:
    """The form knows the facts, and the next page has the bindings with the new id."""
    await accepted(platform, report(0, services=[seen("Orders.test:8443", 4, "route 1")]))
    form = await owner.page(f"{owner.home}/services/1/manage")
    assert 'value="orders"' in form
    assert 'value="http://orders.test"' in form
    assert "Discovered at Orders.test:8443, by Envoy&#39;s route route 1." in form
    wrong = await owner.send(f"{owner.home}/services/1/manage", asset_id="", group_id="g")
    assert wrong.status_code == 400
    assert "Fill in this field." in wrong.text
    fields = {"asset_id": "orders", "group_id": "g", "asset_version": "1.0.0"}
    page = await owner.done(f"{owner.home}/services/1/manage", **fields)
    said = text(page)
    assert "API instance orders 1.0.0 is created." in said
    assert "api_id: &#34;1&#34;, client_address: attested" in said
    assert "route_name: &#34;route 1&#34;" in said
    assert "authority: &#34;orders.test&#34;" in said
    assert "--api 1@orders.test=http://SERVICE_HOST:PORT" in said
    assert (await platform.admin.ask("GET", f"{platform.apis}/1"))["assetId"] == "orders"
    again = await owner.send(f"{owner.home}/services/1/manage", **fields)
    assert again.status_code == 409
    assert "managed already" in again.text
    assert "API instance 1" in await owner.page(f"{owner.home}/services?show=managed")
    await platform.admin.delete_api(1)
    assert "unmanaged" in await owner.page(f"{owner.home}/services/1")


async def test_who_may_decide_about_services(viewer: Visitor, platform: Platform) -> None:
    """A viewer may look; an operator may ignore; managing needs the right to create APIs."""
    await accepted(platform, report(0, services=[seen("a.test", 1)]))
    path = f"{viewer.home}/services"
    assert "/ignore" not in await viewer.page(path)
    refused = await viewer.send(f"{path}/1/ignore", note="")
    assert refused.status_code == 403
    assert "services:write" in refused.text
    async with visiting_as(platform, Role.OPERATOR) as operator:
        page = await operator.page(path)
        assert "/ignore" in page
        assert "/manage" not in page
        refused = await operator.open(f"{path}/1/manage")
        assert refused.status_code == 403
        assert "apis:write" in refused.text
