"""The steps of the demo, as a client and an administrator see them."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from demo.ledger import POLICY_OF_REASON, Totals
from demo.report import Report
from demo.stage import POLL_INTERVAL_S, Stage
from support.token_issuer import TokenIssuer, public_pem

_WITHIN_ONE_POLL_S = POLL_INTERVAL_S + 1.0
"""A poll, its jitter, and the time between two observations."""
_ANALYTICS_DEADLINE_S = 15.0
_SIGNED = "/orders/signed"
"""The path that requires a token."""
_FORGED = {"x-adapter-client-id": "forged", "x-adapter-sla-tier": "platinum"}


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


class Story:
    """Plays the steps, and counts every request in the ledger."""

    def __init__(self, stage: Stage, report: Report) -> None:
        self._stage = stage
        self._admin = stage.admin
        self._report = report
        self.totals = Totals()
        self.api_id = 0
        self.applications: dict[str, Application] = {}
        self._contracts: dict[str, int] = {}
        self._issuer = TokenIssuer("RS256")

    async def set_up(self) -> None:
        """Create the API, policies, tiers, applications and contracts, as an administrator."""
        api = await self._admin.create_api("orders", "1.0.0", instanceLabel="orders")
        self.api_id = api["id"]
        credentials = {
            "credentialsOriginHasHttpBasicAuthenticationHeader": "customExpression",
            "clientIdExpression": "#[attributes.headers['client_id']]",
            "clientSecretExpression": "#[attributes.headers['client_secret']]",
        }
        await self._admin.apply_policy(self.api_id, "client-id-enforcement", credentials, order=2)
        sla = {
            "clientIdExpression": "#[attributes.headers['client_id']]",
            "clientSecretExpression": "#[attributes.headers['client_secret']]",
            "exposeHeaders": True,
        }
        await self._admin.apply_policy(self.api_id, "rate-limiting-sla-based", sla, order=3)
        signed = {"textKey": public_pem(self._issuer.key), "mandatoryExpClaim": True}
        pointcut = [{"methodRegex": ".*", "uriTemplateRegex": _SIGNED}]
        await self._admin.apply_policy(
            self.api_id, "jwt-validation", signed, order=1, pointcutData=pointcut
        )
        bronze = await self._admin.create_tier(self.api_id, "bronze", [(5, 60_000)])
        gold = await self._admin.create_tier(self.api_id, "gold", [(1_000, 60_000)])
        await self._register("Mobile", bronze["id"])
        await self._register("Partner", gold["id"])
        await self._register("Stranger", None)
        self._report.say(
            f"created API {self.api_id} with three policies, two tiers, three applications"
        )

    async def _register(self, name: str, tier_id: int | None) -> None:
        made = await self._admin.create_application(name)
        self.applications[name] = Application(
            name, made["id"], made["clientId"], made["clientSecret"]
        )
        if tier_id is not None:
            contract = await self._admin.request_contract(self.api_id, made["id"], tier_id)
            self._contracts[name] = contract["id"]

    async def play(self) -> None:
        """All steps in order."""
        steps: tuple[Callable[[], Awaitable[None]], ...] = (
            self.no_credentials,
            self.approved_contract,
            self.wrong_credentials,
            self.signed_tokens,
            self.more_than_the_tier_allows,
            self.blocklist_comes_and_goes,
            self.contract_is_revoked,
            self.platform_stops_and_returns,
            self.analytics_match,
        )
        for number, step in enumerate(steps, 1):
            self._report.step(f"{number}. {step.__doc__}")
            await step()

    async def no_credentials(self) -> None:
        """A request without credentials gets 401 with the reason."""
        answer = await self._get()
        expected = (401, "Client-ID-Enforcement", {"error": "Client ID is not present"})
        seen = (answer.status, answer.headers.get("www-authenticate"), answer.body)
        self._report.compare("GET /orders/1", expected, seen)

    async def approved_contract(self) -> None:
        """A client with a contract passes; the upstream gets its identity, not forged headers."""
        partner = self.applications["Partner"]
        answer = await self._get(partner, _FORGED)
        upstream = dict(answer.body["headers"])
        seen = (
            answer.status,
            upstream.get("x-adapter-client-id"),
            upstream.get("x-adapter-client-name"),
            upstream.get("x-adapter-sla-tier"),
        )
        expected = (200, partner.client_id, "Partner", "gold")
        self._report.compare(f"Partner's credentials and forged {_FORGED}", expected, seen)

    async def wrong_credentials(self) -> None:
        """A wrong secret and a missing contract get the same answer: 401."""
        wrong = self.applications["Partner"]._replace(client_secret="wrong")  # noqa: S106
        for who, what in ((wrong, "wrong secret"), (self.applications["Stranger"], "no contract")):
            answer = await self._get(who)
            seen = (answer.status, answer.headers.get("x-adapter-reason"))
            self._report.compare(what, (401, "credentials_invalid"), seen)

    async def signed_tokens(self) -> None:
        """One path requires a signed token: without one 400, with a bad one 401."""
        partner = self.applications["Partner"]
        claims = {"client_id": partner.client_id, "exp": int(time.time()) + 600}
        expired, forger = claims | {"exp": int(time.time()) - 600}, TokenIssuer("RS256")
        tokens = {
            "accepted": (self._issuer.token(claims), 200, None),
            "expired": (self._issuer.token(expired), 401, 'Bearer error="invalid_token"'),
            "forged": (forger.token(claims), 401, 'Bearer error="invalid_token"'),
        }
        answer = await self._get(partner, path=_SIGNED)
        self._report.compare("no token", 400, answer.status)
        for what, (token, *expected) in tokens.items():
            answer = await self._get(partner, {"authorization": f"Bearer {token}"}, _SIGNED)
            seen = [answer.status, answer.headers.get("www-authenticate")]
            self._report.compare(f"a token: {what}", expected, seen)

    async def more_than_the_tier_allows(self) -> None:
        """The sixth request at five per minute gets 429; a client with a higher tier passes."""
        mobile = self.applications["Mobile"]
        statuses = [(await self._get(mobile)).status for _ in range(5)]
        self._report.compare("5 requests on bronze", [200] * 5, statuses)
        answer = await self._get(mobile)
        names = ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "retry-after")
        limit, remaining, reset, retry_after = (answer.headers.get(n, "absent") for n in names)
        seen = (answer.status, limit, remaining, reset.isdecimal(), retry_after.isdecimal())
        self._report.compare("a 6th", (429, "5", "0", True, True), seen)
        self._report.say(f"reset in {reset} ms, retry after {retry_after} s")
        partner = await self._get(self.applications["Partner"])
        self._report.compare("a request on gold", 200, partner.status)

    async def blocklist_comes_and_goes(self) -> None:
        """The administrator blocks our address, then unblocks it: 403, then 200, in one poll."""
        partner = self.applications["Partner"]
        policy = await self._admin.apply_policy(
            self.api_id, "ip-blocklist", {"ips": ["127.0.0.0/8"]}, order=1
        )
        seen = await self._until(403, partner)
        self._report.compare("request after the block", "403 in time", seen)
        await self._admin.delete_policy(self.api_id, policy["id"])
        seen = await self._until(200, partner)
        self._report.compare("request after its removal", "200 in time", seen)

    async def contract_is_revoked(self) -> None:
        """The administrator revokes the contract: 401 within one poll. Then restores it: 200."""
        partner = self.applications["Partner"]
        await self._admin.revoke(self.api_id, self._contracts["Partner"])
        seen = await self._until(401, partner)
        self._report.compare("request after the revocation", "401 in time", seen)
        await self._admin.restore(self.api_id, self._contracts["Partner"])
        seen = await self._until(200, partner)
        self._report.compare("request after the restoration", "200 in time", seen)

    async def platform_stops_and_returns(self) -> None:
        """The platform stops: decisions continue. It starts again: the sync continues."""
        partner = self.applications["Partner"]
        await self._stage.programs["platform"].stop()
        self._report.say("platform stopped")
        for _ in range(3):
            await asyncio.sleep(POLL_INTERVAL_S / 2)
            answer = await self._get(partner)
            self._report.compare("a request while it is down", 200, answer.status)
        await self._stage.start_platform()
        await self._admin.revoke(self.api_id, self._contracts["Mobile"])
        seen = await self._until(401, self.applications["Mobile"], deadline_s=15)
        self._report.compare("a request after a revocation", "401 in time", seen)

    async def analytics_match(self) -> None:
        """The platform's analytics match what was sent, including denied requests."""
        sent = self.totals
        events = await self._collected(sent.requests)
        seen = Totals()
        for event in events:
            seen.add(
                status=int(event["Status Code"]),
                application=event["Application Name"] or "",
                violated_policy=event["Violated Policy Name"] or "",
                response_bytes=event["Response Size"],
                duration_ms=event["Response Time"],
            )
        compare = self._report.compare
        compare("requests", sent.requests, seen.requests)
        compare("by status", dict(sent.by_status), dict(seen.by_status))
        compare("by application", dict(sent.by_application), dict(seen.by_application))
        compare("by violated policy", dict(sent.by_violated_policy), dict(seen.by_violated_policy))
        compare("bytes answered", sent.response_bytes, seen.response_bytes)
        plausible = 0 <= seen.longest_ms <= sent.longest_ms + 1
        compare(f"no latency above the client's {sent.longest_ms:.0f} ms", True, plausible)

    async def _get(
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
        known = application is not None and (response.status_code == 200 or "quota" in reason)
        self.totals.add(
            status=response.status_code,
            application=application.name if application and known else "",
            violated_policy=POLICY_OF_REASON.get(reason, reason),
            response_bytes=len(response.content),
            duration_ms=(time.monotonic() - started) * 1000,
        )
        return Answer(response.status_code, dict(response.headers), response.json())

    async def _until(
        self, status: int, application: Application, deadline_s: float = _WITHIN_ONE_POLL_S
    ) -> str:
        """Repeat a request until it gets this status. Returns whether that was in time."""
        started = time.monotonic()
        while True:
            answer = await self._get(application)
            elapsed = time.monotonic() - started
            if answer.status == status:
                self._report.say(f"{status} after {elapsed:.1f} s")
                return f"{status} in time"
            if elapsed > deadline_s:
                return f"still {answer.status} after {elapsed:.1f} s"
            await asyncio.sleep(0.1)

    async def _collected(self, expected: int) -> list[dict[str, Any]]:
        """The platform's events, when there are enough of them or the deadline has passed."""
        deadline = time.monotonic() + _ANALYTICS_DEADLINE_S
        while True:
            await self._admin.log_in()
            events = await self._admin.events(duration="1d", maxResults=20_000)
            if len(events) >= expected or time.monotonic() > deadline:
                return events
            await asyncio.sleep(0.25)
