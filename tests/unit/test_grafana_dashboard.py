"""The Grafana dashboard asks only for metrics and labels that exist, and has the form of one."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from adapter.telemetry.metric_table import METRICS as OF_ADAPTER
from control_plane.protocol.metrics import METRICS as OF_CONTROL_PLANE

DASHBOARD = Path(__file__).parents[2] / "docs" / "grafana" / "dashboard.json"
DURATION = "adapter_check_duration_seconds"
OF_TARGETS = {"job", "instance"}
"""Labels that Prometheus adds."""
VARIABLES = {"environment", "api"}

dashboard: dict[str, Any] = json.loads(DASHBOARD.read_text())
panels = [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def series() -> Iterator[tuple[str, set[str]]]:
    """The names that Prometheus knows, with their labels."""
    for name, row in OF_ADAPTER.items():
        yield f"{name}_total" if row.kind == "counter" else name, {*row.labels}
    for name, own in OF_CONTROL_PLANE.items():
        yield name, {*own.labels}
    for name, labels in ((DURATION, ()), *((n, r.labels) for n, r in OF_CONTROL_PLANE.items())):
        for part in ("sum", "count", "bucket"):
            yield f"{name}_{part}", {*labels, *(["le"] if part == "bucket" else [])}


KNOWN: Mapping[str, set[str]] = dict(series())
EXPRESSIONS = [target["expr"] for panel in panels for target in panel["targets"]]
QUERIES = [
    variable["definition"]
    for variable in dashboard["templating"]["list"]
    if variable["type"] == "query"
]


@pytest.mark.parametrize("expression", [*EXPRESSIONS, *QUERIES])
def test_metrics_and_labels_exist(expression: str) -> None:
    """Selectors, groupings and the variables of the dashboard."""
    names = re.findall(r"\b(?:adapter|control_plane)_\w+", expression)
    assert names
    assert set(names) <= KNOWN.keys()
    known = set.union(*(KNOWN[name] for name in names)) | OF_TARGETS
    used = re.findall(r'[{,]\s*(\w+)\s*(?:=~|!~|!=|=)\s*"', expression)
    for grouping in re.findall(r"\bby \(([^)]*)\)", expression):
        used += re.split(r",\s*", grouping)
    used += re.findall(r"label_values\(.*, (\w+)\)", expression)
    assert set(used) <= known
    assert set(re.findall(r'"\$(\w+)"', expression)) <= VARIABLES
    for opening, closing in ("()", "{}", "[]"):
        assert expression.count(opening) == expression.count(closing)


def test_the_panels_are_whole_and_do_not_overlap() -> None:
    """As Grafana lays them out: a grid of 24 columns."""
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(set(ids)) == len(ids)
    taken: set[tuple[int, int]] = set()
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        cells = {
            (place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])
        }
        assert all(x < 24 for x, _ in cells)
        assert not cells & taken
        taken |= cells
    for panel in panels:
        assert panel["title"]
        assert panel["description"]
        assert panel["targets"]
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
    assert {each["name"] for each in dashboard["templating"]["list"]} == {"datasource", *VARIABLES}


def test_legends_name_labels_of_the_answer() -> None:
    """A legend with a label that the expression drops would be empty."""
    for target in (target for panel in panels for target in panel["targets"]):
        for label in re.findall(r"{{(\w+)}}", target["legendFormat"]):
            groupings = re.findall(r"\bby \(([^)]*)\)", target["expr"])
            kept = ", ".join(groupings) if groupings else label
            assert label in re.split(r",\s*", kept)
