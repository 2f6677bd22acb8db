"""The tables in docs/operations.md name what the code can report, and nothing else."""

import re
from pathlib import Path

import pytest

from adapter.operations.listener import FAULTS
from adapter.policy.verdicts import DenyReason
from adapter.telemetry.metric_table import METRICS
from adapter.transport.http2.limits import KINDS

PAGE = (Path(__file__).parents[3] / "docs" / "operations.md").read_text()


def listed(first_heading: str) -> set[str]:
    """The names in the first column of the table with that first heading."""
    _, _, rest = PAGE.partition(f"| {first_heading} |")
    table, _, _ = rest.partition("\n\n")
    first_cells = re.findall(r"^\| ([^|]+) \|", table, re.MULTILINE)
    return {name for cell in first_cells for name in re.findall(r"`(\w+)", cell)}


@pytest.mark.parametrize(
    ("first_heading", "names"),
    [
        ("reason", set(DenyReason)),
        ("`kind` of `adapter_transport_faults_total`", set(KINDS)),
        ("`kind` of `adapter_operator_faults_total`", set(FAULTS)),
    ],
)
def test_a_table_names_all_that_can_happen(first_heading: str, names: set[str]) -> None:
    """An operator finds every code of a header or label, and none that no longer exists."""
    assert listed(first_heading) == names


def test_every_metric_has_a_row() -> None:
    """An operator finds every metric; the histogram of durations is not in `METRICS`."""
    names = {name.removesuffix("_total") for name in listed("metric")}
    assert names == set(METRICS) | {"adapter_check_duration_seconds"}


def test_alerts_are_about_metrics_that_exist() -> None:
    """With the labels that they have. `up` is Prometheus's own."""
    _, _, rest = PAGE.partition("## Alerts to set")
    table, _, _ = rest.partition("\n## ")
    alerts = set(re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE))
    assert len(alerts) > 15
    known = {name for metric in METRICS for name in (metric, f"{metric}_total")}
    for alert in alerts - {"up == 0"}:
        names = re.findall(r"adapter_\w+", alert)
        assert names, alert
        assert set(names) <= known | {"adapter_check_duration_seconds_bucket"}, alert


def test_failures_are_told_by_reasons_and_metrics_that_exist() -> None:
    """An operator can look for each of them."""
    _, _, rest = PAGE.partition("## When something fails")
    table, _, _ = rest.partition("\n## ")
    reasons = re.findall(r"\| [45]\d\d `(\w+)`", table)
    assert set(reasons) <= set(DenyReason)
    known = {name for metric in METRICS for name in (metric, f"{metric}_total")}
    assert set(re.findall(r"`(adapter_\w+)", table)) <= known
