"""Conditions and values in words, and mails made of hostile names."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from control_plane.alerts.mail import message_of
from control_plane.alerts.notices import subject_of
from control_plane.alerts.rules import Kind, Operator, Rule
from control_plane.alerts.words import condition, value_text

HOSTILE = "a\r\nBcc: x@y.test\r\n\r\nHi \U0001f600" * 20
RULE = Rule(Kind.REQUESTS, Operator.ABOVE, 1000.0, timedelta(minutes=5))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "more than 1,000 requests in 5 minutes"),
        ({"operator": Operator.BELOW, "period": timedelta(hours=1)},
         "fewer than 1,000 requests in 1 hour"),
        ({"kind": Kind.VIOLATIONS, "threshold": 0.0}, "more than 0 policy violations in 5 minutes"),
        ({"kind": Kind.SERVER_ERRORS, "periods": 3},
         "more than 1,000 server errors in 5 minutes, in each of 3 such periods in a row"),
        ({"kind": Kind.ERROR_RATE, "threshold": 0.5, "operator": Operator.BELOW},
         "less than 0.5 % server errors over 5 minutes"),
        ({"kind": Kind.RESPONSE_TIME, "percent": 99, "period": timedelta(days=2)},
         "99th percentile of the response time is more than 1,000 ms over 2 days"),
        ({"kind": Kind.SILENCE, "threshold": 5.0}, "an adapter is silent for more than 5 min"),
        ({"kind": Kind.LOSS}, "more than 1,000 events lost in 5 minutes"),
    ],
)  # fmt: skip
def test_a_condition_is_a_sentence(changes: dict[str, Any], expected: str) -> None:
    """As somebody would say it."""
    assert condition(replace(RULE, **changes)) == expected


def test_values_have_units() -> None:
    """Rounded to what people read."""
    assert value_text(Kind.ERROR_RATE, 100 / 3) == "33.33 %"
    assert value_text(Kind.REQUESTS, 1e12) == "1,000,000,000,000 requests"
    assert value_text(Kind.RESPONSE_TIME, 1e-9) == "0.000000001 ms"
    assert value_text(Kind.RESPONSE_TIME, 0.0) == "0 ms"


def test_hostile_names_add_no_header() -> None:
    """A line end in a name stays within the subject."""
    notice = {
        "id": "1",
        "event": "triggered",
        "at": "now",
        "alert": {"name": HOSTILE, "severity": "INFO", "type": Kind.REQUESTS},
        "environment": {"name": "e\nX: y"},
        "api": None,
        "condition": "c",
        "value": None,
        "threshold": 1.0,
        "since": None,
        "detail": "",
        "link": "/",
    }
    message = message_of("from@shop.test", "to@shop.test", notice)
    assert "\n" not in subject_of(notice)
    head = bytes(message).partition(b"\n\n")[0]
    assert message["Bcc"] is None
    assert not any(line.lower().startswith(b"bcc:") for line in head.splitlines())
