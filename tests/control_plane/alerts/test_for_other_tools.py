"""What other programs see of the alerts of an environment."""

import pytest

from tests.control_plane.alerts.conftest import Site
from tests.control_plane.test_metrics import samples

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


async def test_all_alerts_of_an_environment_are_listed_and_counted(site: Site) -> None:
    """Also that of the whole environment; an alert that did not trigger made no notice."""
    site.add(name="all", of_api=False)
    site.add(name="orders", threshold=99.0)
    await site.traffic(10, 10)
    await site.minutes(2)
    path = (
        f"/policy-control-plane/v1/organizations/{site.platform.credentials.organization_id}"
        f"/environments/{site.environment_id}/alerts"
    )
    found = await site.platform.admin.ask("GET", path)
    assert [(each["name"], each["api"], each["state"]["word"]) for each in found] == [
        ("all", None, "triggered"),
        ("orders", {"id": site.api_id, "name": "orders"}, "ok"),
    ]
    metrics = await samples(site.platform)
    [(of, triggered)] = [
        (labels, number)
        for (name, labels), number in metrics.items()
        if name == "control_plane_alerts_triggered"
    ]
    assert triggered == 1
    for outcome, number in (("sent", 1), ("failed", 0)):
        labels = of | {("outcome", outcome)}
        assert metrics["control_plane_alert_notices_total", labels] == number
