"""The clients of the demo: their credentials, and the requests that they send through Envoy."""

import asyncio
import time
from typing import Any, Final, NamedTuple

from demo.ledger import KNOWN_CLIENT, POLICY_OF_REASON, Totals
from demo.report import Report
from demo.stage import POLL_INTERVAL_S, Stage

WITHIN_ONE_POLL_S: Final = POLL_INTERVAL_S + 1.0
"""A poll, its jitter, and the time between two observations."""


class Application(NamedTuple):
    """A client application with its credentials."""

    name: str
    application_id: int
    client_id: str
    client_secret: str

    @property
    def headers(self) -> dict[str, str]:
        """The credentials in the policy's default headers."""
        return {"client_id": self.client_id, "client_secret": self.client_secret}


class Answer(NamedTuple):
    """A response from Envoy."""

    status: int
    headers: dict[str, str]
    body: Any


class Clients:
    """Sends requests, and counts every one in the ledger."""

    def __init__(self, stage: Stage, report: Report) -> None:
        self._stage = stage
        self._report = report
        self.totals = Totals()

    async def get(
        self,
        application: Application | None = None,
        headers: dict[str, str] | None = None,
        path: str = "/orders/1",
    ) -> Answer:
        """Send a request through Envoy, and count it."""
        sent = (application.headers if application else {}) | (headers or {})
        started = time.monotonic()
        response = await self._stage.http.get(
            f"{self._stage.addresses.envoy}{path}?api_key=never-stored", headers=sent
        )
        reason = response.headers.get("x-adapter-reason", "")
        known = response.status_code == 200 or reason in KNOWN_CLIENT
        self.totals.add(
            status=response.status_code,
            application=application.name if application and known else "",
            violated_policy=POLICY_OF_REASON.get(reason, reason),
            response_bytes=len(response.content),
            duration_ms=(time.monotonic() - started) * 1000,
        )
        return Answer(response.status_code, dict(response.headers), response.json())

    async def until(
        self, status: int, application: Application, deadline_s: float = WITHIN_ONE_POLL_S
    ) -> str:
        """Repeat a request until it gets this status. Returns whether that was in time."""
        started = time.monotonic()
        while True:
            answer = await self.get(application)
            elapsed = time.monotonic() - started
            if answer.status == status:
                self._report.say(f"{status} after {elapsed:.1f} s")
                return f"{status} in time"
            if elapsed > deadline_s:
                return f"still {answer.status} after {elapsed:.1f} s"
            await asyncio.sleep(0.1)
