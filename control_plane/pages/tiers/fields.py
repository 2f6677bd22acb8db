"""The fields of the form for an SLA tier. Its limits are rows of three fields with a number."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from control_plane.management.tiers import MAX_LIMITS, MAX_PERIOD_MS, MAX_REQUESTS
from control_plane.pages.forms import Fields, Form, InvalidForm, OneLine, Posted
from control_plane.store.tables import SlaTier

UNITS: Final[Mapping[str, int]] = {
    "days": 86_400_000,
    "hours": 3_600_000,
    "minutes": 60_000,
    "seconds": 1000,
    "milliseconds": 1,
}
"""Units of time, the longest first, in milliseconds."""

_GROUPED: Final = re.compile(r"[0-9]{1,3}(,[0-9]{3})+")
"""A number with commas between its thousands, as pages write it."""
_FEWEST_ROWS: Final = 3
_SPARE_ROWS: Final = 2
_LABELS: Final = {
    "name": "Name",
    "description": "Description",
    "approval": "Approval",
    "status": "Status",
}


class _TierFields(Fields):
    name: Annotated[str, Field(max_length=256), OneLine]
    description: Annotated[str, Field(max_length=4000)] | None = None
    approval: Literal["manual", "automatic"]
    status: Literal["ACTIVE", "DEPRECATED"] = "ACTIVE"


def columns_of(form: Posted) -> dict[str, Any]:
    """The columns of the tier; raise InvalidForm, which names all fields that are wrong."""
    limits, errors = _limits(form)
    try:
        given = form.checked(_TierFields)
    except InvalidForm as error:
        raise InvalidForm({**error.errors, **errors}) from error
    if errors:
        raise InvalidForm(errors)
    return {
        "name": given.name,
        "description": given.description,
        "auto_approve": given.approval == "automatic",
        "status": given.status,
        "limits": limits,
    }


def _limits(form: Posted) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """The limits in the rows that are filled, and what is wrong with them."""
    limits: list[dict[str, Any]] = []
    errors: dict[str, str] = {}
    for number in range(1, MAX_LIMITS + 1):
        if not (form.text(f"requests_{number}") or form.text(f"period_{number}")):
            continue
        unit = UNITS.get(form.text(f"unit_{number}"), 0)
        if not unit:
            errors[f"unit_{number}"] = "Choose a unit."
        requests = _number(form, f"requests_{number}", MAX_REQUESTS, errors)
        period = _number(form, f"period_{number}", MAX_PERIOD_MS // (unit or 1), errors)
        visible = form.text(f"visible_{number}") != "false"
        limits.append(
            {
                "maximumRequests": requests,
                "timePeriodInMilliseconds": period * unit,
                "visible": visible,
            }
        )
    return limits, errors


def _number(form: Posted, name: str, most: int, errors: dict[str, str]) -> int:
    text = form.text(name).strip()
    if _GROUPED.fullmatch(text):
        text = text.replace(",", "")
    if not (text.isascii() and text.isdigit() and len(text) < 20 and 1 <= int(text) <= most):
        errors[name] = f"Write a whole number from 1 to {most:,}."
        return 1
    return int(text)


def values_of(tier: SlaTier) -> dict[str, str]:
    """The values of the form's fields for this tier."""
    values = {
        "name": tier.name,
        "description": tier.description or "",
        "approval": "automatic" if tier.auto_approve else "manual",
        "status": tier.status,
    }
    for number, limit in enumerate(tier.limits, 1):
        period_ms = limit["timePeriodInMilliseconds"]
        unit = next(unit for unit, length in UNITS.items() if period_ms % length == 0)
        values[f"requests_{number}"] = str(limit["maximumRequests"])
        values[f"period_{number}"] = str(period_ms // UNITS[unit])
        values[f"unit_{number}"] = unit
        values[f"visible_{number}"] = "" if limit.get("visible", True) else "false"
    return values


def rows_of(form: Form) -> range:
    """The numbers of the rows that the form shows: those that are filled, and some more."""
    filled = [n for n in range(1, MAX_LIMITS + 1) if form.value(f"requests_{n}")]
    rows = max(_FEWEST_ROWS, max(filled, default=0) + _SPARE_ROWS)
    return range(1, min(MAX_LIMITS, rows) + 1)


def labels_of(form: Posted, theirs: Mapping[str, str]) -> dict[str, str]:
    """The fields to compare if somebody else has changed the tier, with their labels."""
    labels = dict(_LABELS)
    for number in range(1, MAX_LIMITS + 1):
        if form.text(f"requests_{number}") or f"requests_{number}" in theirs:
            labels |= {
                f"requests_{number}": f"Limit {number}: requests",
                f"period_{number}": f"Limit {number}: period",
                f"unit_{number}": f"Limit {number}: unit",
            }
    return labels
