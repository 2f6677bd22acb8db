"""Shows findings to people and to programs."""

import json
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Final

from adapter.doctor.finding import Finding, Severity, shown

_MOST_PLACES: Final = 5


def as_text(findings: Sequence[Finding]) -> str:
    """The findings by listener and cluster, and how many there are.

    A finding that is the same in many places is shown once, with the first of them.
    """
    lines = []
    for group, members in groupby(findings, key=lambda f: f.place.group):
        lines.append(group)
        for _, same in groupby(members, key=lambda f: f.code):
            lines += _lines(list(same))
        lines.append("")
    return "\n".join([*lines, summary(findings)]) + "\n"


def _lines(same: Sequence[Finding]) -> Iterable[str]:
    first = same[0]
    yield f"  {first.severity:<8} {first.code}"
    for finding in same[:_MOST_PLACES]:
        where, detail = finding.place.within, shown(finding.detail)
        if where:
            yield _line("where", f"{where}: {detail}" if detail else where)
        elif detail:
            yield _line("found", detail)
    if (others := len(same) - _MOST_PLACES) > 0:
        yield _line("", f"and in {others} more place{'' if others == 1 else 's'}")
    yield _line("why", first.why)
    yield _line("fix", first.fix)
    if first.change_in:
        yield _line("in", first.change_in)


def _line(name: str, text: str) -> str:
    return f"{'':11}{name:<6} {text}"


def summary(findings: Sequence[Finding]) -> str:
    """For example `1 error, 2 warnings, 0 notes`."""
    counts = [(sum(f.severity is s for f in findings), s) for s in Severity]
    return ", ".join(f"{count} {severity}{'' if count == 1 else 's'}" for count, severity in counts)


def as_json(findings: Sequence[Finding]) -> str:
    """`{"findings": [...], "errors": 1, "warnings": 0, "notes": 0}`."""
    shape = {
        "findings": [
            {
                "code": f.code,
                "severity": f.severity,
                "where": f.place.parts,
                "detail": f.detail,
                "why": f.why,
                "fix": f.fix,
                **({"change_in": f.change_in} if f.change_in else {}),
            }
            for f in findings
        ]
    } | {f"{severity}s": sum(f.severity is severity for f in findings) for severity in Severity}
    return json.dumps(shape, indent=2) + "\n"
