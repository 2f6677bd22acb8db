"""Events in the platform's form."""

import json
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.analytics.event import EventEncoder, EventOrigin
from adapter.analytics.subject import subject_of
from tests.unit.analytics.envoy_log import ALLOWED, START_MS

ANY_CHARACTER = st.characters(exclude_categories=())


ENCODER = EventEncoder(EventOrigin("org-1", "host-1", "service_mesh"))


SUBJECT = subject_of(ALLOWED).processed


def encoded(
    *,
    received_ms: int = START_MS,
    response_ms: int = 11,
    transaction_id: str = "1a03d4f1",
    path: str = "/orders/1",
) -> dict[str, Any]:
    """An event as the platform reads it."""
    event = ENCODER.encode(
        event_id="1",
        subject=SUBJECT,
        transaction_id=transaction_id,
        received_ms=received_ms,
        response_ms=response_ms,
        client_ip="null",
        verb="GET",
        path=path,
        status_code=200,
        user_agent='"curl"',
        request_bytes=12,
        response_bytes=369,
    )
    document: dict[str, Any] = json.loads(event)
    return document


@given(
    path=st.text(ANY_CHARACTER),
    transaction_id=st.text(ANY_CHARACTER),
    received_ms=st.integers(0, 253_402_300_799_000),
    response_ms=st.integers(0, 100_000),
)
def test_any_text_and_time_survive(
    path: str, transaction_id: str, received_ms: int, response_ms: int
) -> None:
    """Whatever a request contains, its event is valid JSON and says the same."""
    response_ms = min(response_ms, 253_402_300_799_000 - received_ms)
    document = encoded(
        path=path, transaction_id=transaction_id, received_ms=received_ms, response_ms=response_ms
    )
    assert (document["path"], document["transaction_id"]) == (path, transaction_id)
    received = datetime.fromisoformat(document["received_ts"])
    assert round(received.timestamp() * 1000) == received_ms
    replied = datetime.fromisoformat(document["replied_ts"])
    assert (replied - received).total_seconds() * 1000 == pytest.approx(response_ms)
