"""Conditions and values in words. Pure functions."""

from decimal import Decimal
from typing import Final

from control_plane.alerts.rules import UNITS, Kind, Operator, Rule, Unit

_COUNTED: Final = {
    Kind.REQUESTS: "requests",
    Kind.VIOLATIONS: "policy violations",
    Kind.SERVER_ERRORS: "server errors",
    Kind.LOSS: "events lost",
}
_UNITS: Final = {Kind.RESPONSE_TIME: "ms", Kind.ERROR_RATE: "%", Kind.SILENCE: "min"}

KINDS: Final = {
    Kind.REQUESTS: "Number of requests",
    Kind.VIOLATIONS: "Number of policy violations",
    Kind.SERVER_ERRORS: "Number of server errors",
    Kind.ERROR_RATE: "Error rate, in percent",
    Kind.RESPONSE_TIME: "Response time, in milliseconds",
    Kind.SILENCE: "Silence of an adapter, in minutes",
    Kind.LOSS: "Number of events lost by adapters",
}
"""What forms call each kind."""


def condition(rule: Rule) -> str:
    """The condition, such as `more than 5 % server errors over 5 minutes`."""
    if rule.kind is Kind.SILENCE:
        return f"an adapter is silent for more than {rule.threshold:g} min"
    period = period_words(rule)
    more = "more than" if rule.operator is Operator.ABOVE else "less than"
    if rule.kind is Kind.RESPONSE_TIME:
        text = f"{rule.percent}th percentile of the response time is {more} {_value(rule)} over"
    elif rule.kind is Kind.ERROR_RATE:
        text = f"{more} {_value(rule)} server errors over"
    else:
        text = f"{more if more == 'more than' else 'fewer than'} {_value(rule)} in"
    row = f", in each of {rule.periods} such periods in a row" if rule.periods > 1 else ""
    return f"{text} {period}{row}"


def _value(rule: Rule) -> str:
    return value_text(rule.kind, rule.threshold)


def period_words(rule: Rule) -> str:
    """The length of a period, such as `5 minutes`."""
    unit = next(u for u in (Unit.DAYS, Unit.HOURS, Unit.MINUTES) if not rule.period % UNITS[u])
    count = rule.period // UNITS[unit]
    return f"{count:,} {unit.lower() if count > 1 else unit.lower().removesuffix('s')}"


def value_text(kind: Kind, value: float) -> str:
    """A value with its unit, such as `12.5 %` or `90 requests`."""
    # A value that would round to 0 keeps two digits.
    number = plain_number(round(value, 2) or float(f"{value:.2g}"))
    return f"{number} {_UNITS[kind] if kind in _UNITS else _COUNTED[kind]}"


def plain_number(value: float) -> str:
    """The number with all of its digits, such as `1,000,000` or `0.00001`."""
    return f"{Decimal(str(value)).normalize():,f}"


def unit_of(kind: Kind) -> str:
    """The unit of the kind's values."""
    return _UNITS[kind] if kind in _UNITS else _COUNTED[kind]
