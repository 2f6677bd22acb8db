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
