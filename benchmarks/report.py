"""Writes the results as a document and as tables."""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any, Final, TypeAlias

from benchmarks import plan
from benchmarks.bench import Figures
from benchmarks.plan import Ratio, Row
from benchmarks.spools import CPU, DISK, LOST, MEMORY, P99, RATE

Document: TypeAlias = dict[str, Any]
"""The contents of `benchmarks/results/*.json`."""

HOSTILE_GOAL_MS: Final = 1.0
"""The goal: the longest delay of other Checks by one Check of a client."""

SPOOL_GOALS: Final = {CPU: 1.3, P99: 1.0}
"""How many times as much the spool on disk may take."""

_COLUMNS: Final = {
    plan.CPU: ("CPU per Check, us", 1),
    plan.RATE: ("per second", 0),
    plan.VARIED_P99: ("p99 varied, us", 0),
    plan.P99: ("p99, us", 0),
    plan.SINGLE_P50: ("p50 with one client, us", 0),
    plan.RESIDENT: ("RSS, MB", 0),
    plan.BILL: ("CPU of Envoy and server per request, us", 1),
}
"""Headings and numbers of decimals."""


def document(
    rows: Sequence[Row],
    figures: Mapping[str, Figures],
    stages: Mapping[str, Mapping[str, float]],
    about: Mapping[str, Any],
    hostile: Mapping[str, float] | None = None,
    spools: Mapping[str, Figures] | None = None,
) -> Document:
    """All results of the benchmark as one document.

    `stages` are by row. `hostile` has milliseconds by kind of Check, `spools` figures by spool.
    """
    return {
        **about,
        "rows": [
            {
                "group": row.group,
                "name": row.name,
                "through_envoy": row.through_envoy,
                "figures": {name: _spread(runs) for name, runs in figures[row.name].items()},
            }
            for row in rows
        ],
        "ratios": [
            {"name": r.name, "at_most": r.at_most, "at_least": r.at_least, **_spread(multiples)}
            for r in plan.RATIOS
            if (multiples := _multiples(r, figures))
        ],
        "stages": {
            row: {stage: round(us, 2) for stage, us in costs.items()}
            for row, costs in stages.items()
        },
        "hostile": {name: round(ms, 3) for name, ms in (hostile or {}).items()},
        "spools": _compared_spools(spools) if spools else {},
    }


def _compared_spools(spools: Mapping[str, Figures]) -> dict[str, Any]:
    """The spread of each figure for each spool, and of the ratio of disk to memory in each run."""
    memory, disk = spools[MEMORY], spools[DISK]
    return {
        name: {
            MEMORY: _spread(memory[name]),
            DISK: _spread(disk[name]),
            "ratio": _spread(
                [d / m if m else 1 for d, m in zip(disk[name], memory[name], strict=True)]
            ),
        }
        for name in memory
    }


def _spread(runs: Sequence[float]) -> dict[str, Any]:
    rounded = [round(value, 3) for value in runs]
    return {"median": median(rounded), "low": min(rounded), "high": max(rounded), "runs": rounded}


def _multiples(ratio: Ratio, figures: Mapping[str, Figures]) -> list[float]:
    """The ratio of each run, so that a disturbance of a whole round cancels out."""
    of, to = (figures.get(name, {}).get(ratio.figure, []) for name in (ratio.row, ratio.to))
    return [a / b for a, b in zip(of, to, strict=True) if b] if of and to else []


def tables(found: Document) -> str:
    """The tables in Markdown."""
    direct = [row for row in found["rows"] if not row["through_envoy"]]
    envoy = [row for row in found["rows"] if row["through_envoy"]]
    parts = []
    if direct:
        columns = tuple(name for name in _COLUMNS if name != plan.BILL)
        parts.append(_table("asked by clients of ours", direct, columns))
    if envoy:
        parts.append(_table("through Envoy", envoy, (plan.RATE, plan.P99, plan.CPU, plan.BILL)))
    if found["ratios"]:
        lines = ["| ratio | found | goal |", "|---|---|---|"]
        lines += [f"| {r['name']} | {_cell(r, 3)} | {_goal(r)} |" for r in found["ratios"]]
        parts.append("\n".join(lines))
    if found["stages"]:
        parts.append(_stages_table(found["stages"]))
    if found.get("hostile"):
        parts.append(hostile_table(found["hostile"]))
    if found.get("spools"):
        parts.append(spools_table(found["spools"]))
    return "\n\n".join(parts) + "\n"


def _table(title: str, rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> str:
    heads = [title, *(_COLUMNS[name][0] for name in columns)]
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for row in rows:
        cells = [
            _cell(row["figures"][name], _COLUMNS[name][1]) if name in row["figures"] else "-"
            for name in columns
        ]
        lines.append(f"| {' | '.join([row['name'], *cells])} |")
    return "\n".join(lines)


def _stages_table(stages: Mapping[str, Mapping[str, float]]) -> str:
    lines = [f"| CPU of one Check's stages, us | {' | '.join(stages)} |"]
    lines.append("|---" * (len(stages) + 1) + "|")
    for stage in next(iter(stages.values())):
        cells = [f"{costs[stage]:.1f}" for costs in stages.values()]
        lines.append(f"| {' | '.join([stage, *cells])} |")
    return "\n".join(lines)


def hostile_table(hostile: Mapping[str, float]) -> str:
    """The table of hostile Checks, most expensive first."""
    met = all(ms <= HOSTILE_GOAL_MS for ms in hostile.values())
    goal = f"at most {HOSTILE_GOAL_MS:g}: {'met' if met else 'missed'}"
    lines = [f"| hostile Checks, the worst of each kind ({goal}) | CPU, ms |", "|---|---|"]
    dearest_first = sorted(hostile.items(), key=lambda each: each[1], reverse=True)
    lines += [f"| {name} | {ms:.3f} |" for name, ms in dearest_first]
    return "\n".join(lines)


def spools_table(spools: Mapping[str, Any]) -> str:
    """The table of both spools. All goals are for the one on disk."""
    lines = ["| spool | in memory | on disk | disk to memory | goal |", "|---|---|---|---|---|"]
    for name, found in spools.items():
        cells = [_cell(found[spool], 1) for spool in (MEMORY, DISK)]
        goal, met = _spool_goal(name, found)
        verdict = f"{goal}: {'met' if met else 'missed'}"
        lines.append(f"| {name} | {' | '.join(cells)} | {_cell(found['ratio'], 2)} | {verdict} |")
    return "\n".join(lines)


def _spool_goal(name: str, found: Mapping[str, Any]) -> tuple[str, bool]:
    if name == LOST:
        return "none", found[DISK]["high"] == 0
    if name == RATE:
        return "20,000, within 1 %", found[DISK]["median"] >= 19_800
    at_most = SPOOL_GOALS[name]
    return f"at most {at_most:g} times", found["ratio"]["median"] <= at_most


def _cell(spread: Mapping[str, Any], digits: int) -> str:
    """The median, and the range of the runs."""
    middle, low, high = (f"{spread[k]:,.{digits}f}" for k in ("median", "low", "high"))
    return middle if low == high else f"{middle} ({low} to {high})"


def _goal(ratio: Mapping[str, Any]) -> str:
    """The goal, and whether the median reaches it."""
    if ratio["at_most"] is not None:
        met = ratio["median"] <= ratio["at_most"]
        return f"at most {ratio['at_most']:g}: {'met' if met else 'missed'}"
    if ratio["at_least"] is not None:
        met = ratio["median"] >= ratio["at_least"]
        return f"at least {ratio['at_least']:g}: {'met' if met else 'missed'}"
    return "shown"
