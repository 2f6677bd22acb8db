"""Translates access log entries into events, as the adapter does."""

import json
from typing import Any

from adapter.analytics.event import EventEncoder, EventOrigin
from support.defaults import entry_translator


def event_of(entry: bytes) -> dict[str, Any]:
    """The event of an entry of an HTTP request."""
    translator = entry_translator(lambda *_: None, EventEncoder(EventOrigin("o", "h", "HY")))
    event = translator.http(entry, "id")
    assert isinstance(event, bytes)
    document: dict[str, Any] = json.loads(event)
    return document
