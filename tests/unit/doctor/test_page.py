"""docs/doctor.md says what the doctor says."""

import re
from pathlib import Path

from adapter.doctor import as_text
from adapter.doctor.checks import GROUPS
from tests.unit.doctor.configurations import Parts

PAGE = Path(__file__).parents[3] / "docs" / "doctor.md"


def example_text() -> str:
    """The output for the configuration of the page's example."""
    parts = Parts()
    parts.ext_authz["failure_mode_allow"] = True
    parts.manager["normalize_path"] = False
    for route in parts.hosts[0]["routes"]:
        route["match"] = {"prefix": route["match"].get("path_separated_prefix", "/")}
    parts.cluster["health_checks"][0].pop("no_traffic_interval")
    parts.cluster.pop("outlier_detection")
    return as_text(parts.findings())


def test_the_tables_contain_every_check() -> None:
    """In the order of the code, under the same headings, word by word."""
    _, _, page = PAGE.read_text().partition("## All findings")
    for heading, checks in GROUPS.items():
        _, _, section = page.partition(f"### {heading}\n")
        rows = re.findall(r"^\| `(.*?)` \| (.*?) \| (.*?) \| (.*?) \|$", section, re.MULTILINE)
        wanted = [(c.code, c.severity.value, c.why, c.fix) for c in checks]
        assert rows[: len(wanted)] == wanted
    assert len(re.findall(r"^\| `", page, re.MULTILINE)) == sum(map(len, GROUPS.values()))


def test_the_example_is_real() -> None:
    """The doctor prints exactly this."""
    assert f"$ policy-adapter doctor --file envoy.yaml\n{example_text()}```" in PAGE.read_text()
