"""What policies leave in a whole adapter process: lines in its log, and what operators see."""

from pathlib import Path

from tests.rig.adapter_process import AdapterProcess, settings_for
from tests.rig.control_plane import running_control_plane

MESSAGE = {
    "message": "#[attributes.headers['x-order'] default 'none']",
    "level": "WARN",
    "category": "orders",
}
IGNORED = "xml-threat-protection"


async def test_messages_reach_the_log_of_the_process(tmp_path: Path) -> None:
    """An admin's line is there when the process has ended, on one line whatever a client sends."""
    async with running_control_plane(tmp_path) as platform:
        api = await platform.admin.create_api("orders")
        configuration = {"loggingConfiguration": [{"itemName": "one", "itemData": MESSAGE}]}
        await platform.admin.apply_policy(api["id"], "message-logging", configuration)
        async with AdapterProcess(settings_for(platform), tmp_path) as adapter:
            await adapter.until_ready()
            response = await adapter.check(str(api["id"]), {"x-order": "17\nforged"})
            assert response.status.code == 0
    (line,) = [line for line in adapter.log.read_text().splitlines() if "policy.message" in line]
    for part in ("17 forged", "orders", "warning"):
        assert part in line


async def test_ignored_policies_show_wherever_an_apis_state_does(tmp_path: Path) -> None:
    """Doing without a policy is never silent."""
    async with running_control_plane(tmp_path) as platform:
        api = await platform.admin.create_api("orders")
        await platform.admin.apply_policy(
            api["id"], IGNORED, {"maxNodeDepth": 3}, allow_unknown=True
        )
        settings = settings_for(platform)
        settings["platform"]["ignored_policy_types"] = [IGNORED]
        async with AdapterProcess(settings, tmp_path) as adapter:
            await adapter.until_ready()
            assert (await adapter.check(str(api["id"]))).status.code == 0
            apis = await adapter.inspect("/apis")
            detail = await adapter.inspect(f"/apis/{api['id']}")
            sync = await adapter.inspect("/sync")
            details = (await adapter.readiness())["details"]
            metrics = await adapter.metric_lines()
    assert apis["items"][0]["ignored_policies"] == [IGNORED]
    assert detail["ignored_policies"] == [IGNORED]
    assert sync["apis"][0]["ignored"] == [IGNORED]
    assert details[f"api {api['id']} ignores"] == IGNORED
    assert "adapter_policies_ignored 1.0" in metrics


async def test_no_policy_sets_the_headers_that_the_operator_calls_our_own(tmp_path: Path) -> None:
    """Whatever they are called there: the API is closed, and operators read which name it was."""
    async with running_control_plane(tmp_path) as platform:
        injecting = []
        for name in ("x-acme-client-id", "x_real_address", "x-adapter-client-id"):
            api = await platform.admin.create_api(f"sets-{name.replace('_', '-')}")
            headers = {"inboundHeaders": [{"key": name, "value": "forged"}]}
            await platform.admin.apply_policy(api["id"], "header-injection", headers)
            injecting.append((api["id"], name))
        requests = {
            "identity_header_prefix": "x-acme-",
            "client_address_header": "x-real-address",
        }
        async with AdapterProcess(settings_for(platform, requests=requests), tmp_path) as adapter:
            await adapter.until_ready()
            codes = [(await adapter.check(str(api_id))).status.code for api_id, _ in injecting]
            details = (await adapter.readiness())["details"]
    assert [code == 0 for code in codes] == [False, False, True]
    for api_id, name in injecting[:2]:
        assert f"{name} cannot be injected" in details[f"api {api_id}"]
