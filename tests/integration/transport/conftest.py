"""The servers run on either event loop."""

import asyncio
from collections.abc import Callable, Mapping

import uvloop


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The loops that each test runs on."""
    return {"asyncio-loop": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
