"""Writes one result into docs/: `python -m benchmarks.publish benchmarks/results/FILE.json`.

So every figure between the page's marks comes from one run, and no figure is typed manually.
"""

import argparse
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from benchmarks import plan, plots
from benchmarks.report import Document, tables

DOCS: Final = Path(__file__).parents[1] / "docs"
_BEGIN: Final = "<!-- figures: written by benchmarks.publish -->"
_END: Final = "<!-- end of figures -->"
_QUANTILES: Final = {
    plan.P50: "50 %",
    plan.P90: "90 %",
    plan.P99: "99 %",
    plan.P999: "99.9 %",
}


def main() -> None:
    """Write the page and the plots."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.publish", description=__doc__)
    parser.add_argument("result", type=Path)
    publish(json.loads(parser.parse_args().result.read_text()), DOCS)


def publish(found: Document, docs: Path) -> None:
    """Replace the text between the page's marks, and the plots."""
    page = docs / "benchmarks.md"
    before, _, rest = page.read_text().partition(_BEGIN)
    _, _, after = rest.partition(_END)
    page.write_text(f"{before}{_BEGIN}\n{_provenance(found)}\n\n{tables(found)}{_END}{after}")
    directory = docs / "benchmarks"
    directory.mkdir(exist_ok=True)
    for name, svg in drawn(found).items():
        (directory / f"{name}.svg").write_text(svg)


def drawn(found: Document) -> dict[str, str]:
    """The plots by name. Rows that were not measured are left out."""
    direct = [row for row in found["rows"] if not row["through_envoy"]]
    servers = [row for row in direct if row["group"] in {"transports", "peers"}]
    sizes = [row for row in direct if row["group"] == "scale"]
    made = {}
    if servers:
        cpu = {row["name"]: _median(row, plan.CPU) for row in servers}
        made["cpu-by-server"] = plots.bars("CPU per Check by server", "us", cpu)
        made["latency"] = plots.lines(
            "Latency with 2 x 16 streams", "us", [*_QUANTILES.values()], _distributions(servers)
        )
    if sizes:
        made["cost-over-contracts"] = plots.lines(
            "CPU per Check over the number of contracts",
            "us",
            [row["name"].split(", ")[-1] for row in sizes],
            {"typical chain": [_median(row, plan.CPU) for row in sizes]},
        )
    return made


def _distributions(rows: Iterable[Mapping[str, Any]]) -> dict[str, list[float]]:
    return {row["name"]: [_median(row, quantile) for quantile in _QUANTILES] for row in rows}


def _median(row: Mapping[str, Any], figure: str) -> float:
    return float(row["figures"][figure]["median"])


def _provenance(found: Document) -> str:
    machine, versions, effort = found["machine"], found["versions"], found["effort"]
    named = ", ".join(f"{name} {version}" for name, version in versions.items() if version)
    return (
        f"Measured {found['at'][:10]} on {machine['cores']} cores of {machine['cpu']}, kernel "
        f"{machine['kernel']}; {named}. Medians of {effort['runs']} runs of about "
        f"{effort['seconds']:g} s, with the least and the greatest. The machine's load average "
        f"before it was {machine['load_before']:g}; 0 is an idle machine."
    )


if __name__ == "__main__":
    main()
