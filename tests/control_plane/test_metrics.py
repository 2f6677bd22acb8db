"""Numbers of the API instances for Prometheus."""

from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from control_plane.protocol.metrics import METRICS
from support.admin import Admin
from tests.control_plane.conftest import Platform
from tests.control_plane.events import denied, event, send

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]
DOCS = Path(__file__).parents[2] / "docs" / "control-plane.md"


async def scraped(platform: Platform) -> httpx.Response:
    """The metrics, as an admin's token reads them."""
    admin: Admin = platform.admin
    return await platform.anyone.get("/metrics", headers=admin.authorization)


async def samples(platform: Platform) -> Samples:
    """Each sample by its name and labels."""
    answer = await scraped(platform)
    assert answer.status_code == 200, answer.text
    return {
        (each.name, frozenset(each.labels.items())): each.value
        for family in text_string_to_metric_families(answer.text)
        for each in family.samples
    }


def requests(found: Samples, **labels: str) -> float:
    """The sum of all requests with these labels."""
    wanted = labels.items()
    return sum(
        value
        for (name, own), value in found.items()
        if name == "control_plane_api_requests_total" and wanted <= own
    )


async def test_requests_are_counted_by_api(platform: Platform) -> None:
    """What came to no API instance that is known counts as `other`; each day begins at 0."""
    api_id = (await platform.admin.create_api("orders"))["id"]
    batch = [event(platform, api_id=api_id) for _ in range(3)]
    batch += [event(platform, api_id=api_id, status_code=503), denied(platform, api_id=api_id)]
    batch += [event(platform, api_id=4711)]
    assert (await send(platform, batch)).is_success
    found = await samples(platform)
    orders = {"api_id": str(api_id), "api": "orders"}
    assert requests(found, **orders, status_class="2xx", outcome="allowed") == 3
    assert requests(found, **orders, status_class="5xx") == 1
    assert requests(found, **orders, outcome="denied") == 1
    assert requests(found, api_id="other", api="other") == 1
    assert requests(found) == 6
    counts = [n for (name, own), n in found.items() if name.endswith("_seconds_count")]
    assert sorted(counts) == [1, 5]
    [newest] = [n for (name, _), n in found.items() if name.endswith("timestamp_seconds")]
    assert abs(newest - platform.clock.now().timestamp()) < 0.01
    platform.clock.move(hours=24)
    await platform.admin.log_in()
    assert requests(await samples(platform)) == 0


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_only_who_may_read_analytics_sees_numbers(platform: Platform) -> None:
    """Nobody without a token, and no gateway."""
    assert (await platform.anyone.get("/metrics")).status_code == 401
    assert (await platform.gateway.get("/metrics")).status_code == 403
    assert (await scraped(platform)).headers["Content-Type"].startswith("text/plain")


def test_the_documentation_lists_every_metric() -> None:
    """With its labels."""
    text = DOCS.read_text()
    for name, row in METRICS.items():
        labels = ", ".join(f"`{label}`" for label in row.labels)
        assert f"| `{name}` | {labels} | {row.text} |" in text
