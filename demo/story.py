"""The steps of the demo, as a client and an administrator see them."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from demo.clients import WITHIN_ONE_POLL_S, Application, Clients
from demo.ledger import Totals
from demo.report import Report
from demo.stage import POLL_INTERVAL_S, Stage
from support.token_issuer import TokenIssuer, public_pem

_ANALYTICS_DEADLINE_S = 15.0
_SIGNED = "/orders/signed"
"""The path that requires a token."""
_FORGED = {"x-adapter-client-id": "forged", "x-adapter-sla-tier": "platinum"}


class Story:
    """Plays the steps."""

    def __init__(self, stage: Stage, report: Report) -> None:
        self._stage = stage
        self._admin = stage.admin
        self._console = stage.console
        self._report = report
        self._clients = Clients(stage, report)
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
        silver = await self._admin.create_tier(
            self.api_id, "silver", [(100, 60_000)], auto_approve=False
        )
        self._silver = silver["id"]
        await self._register("Mobile", bronze["id"])
        await self._register("Partner", gold["id"])
        await self._register("Stranger", None)
        self._report.say(
            f"created API {self.api_id} with three policies, three tiers, three applications"
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
            self.contract_is_approved_and_revoked,
            self.platform_stops_and_returns,
            self.analytics_match,
        )
        for number, step in enumerate(steps, 1):
            self._report.step(f"{number}. {step.__doc__}")
            await step()

    async def restore_contracts(self) -> None:
        """Give all applications access again, for what follows the steps."""
        for contract_id in self._contracts.values():
            await self._admin.restore(self.api_id, contract_id)

    async def no_credentials(self) -> None:
        """A request without credentials gets 401 with the reason."""
        answer = await self._clients.get()
        expected = (401, "Client-ID-Enforcement", {"error": "Client ID is not present"})
        seen = (answer.status, answer.headers.get("www-authenticate"), answer.body)
        self._report.compare("GET /orders/1", expected, seen)

    async def approved_contract(self) -> None:
        """A client with a contract passes; the upstream gets its identity, not forged headers."""
        partner = self.applications["Partner"]
        answer = await self._clients.get(partner, _FORGED)
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
            answer = await self._clients.get(who)
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
        answer = await self._clients.get(partner, path=_SIGNED)
        self._report.compare("no token", 400, answer.status)
        for what, (token, *expected) in tokens.items():
            answer = await self._clients.get(partner, {"authorization": f"Bearer {token}"}, _SIGNED)
            seen = [answer.status, answer.headers.get("www-authenticate")]
            self._report.compare(f"a token: {what}", expected, seen)

    async def more_than_the_tier_allows(self) -> None:
        """The sixth request at five per minute gets 429; a client with a higher tier passes."""
        mobile = self.applications["Mobile"]
        statuses = [(await self._clients.get(mobile)).status for _ in range(5)]
        self._report.compare("5 requests on bronze", [200] * 5, statuses)
        answer = await self._clients.get(mobile)
        names = ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "retry-after")
        limit, remaining, reset, retry_after = (answer.headers.get(n, "absent") for n in names)
        seen = (answer.status, limit, remaining, reset.isdecimal(), retry_after.isdecimal())
        self._report.compare("a 6th", (429, "5", "0", True, True), seen)
        self._report.say(f"reset in {reset} ms, retry after {retry_after} s")
        partner = await self._clients.get(self.applications["Partner"])
        self._report.compare("a request on gold", 200, partner.status)

    async def blocklist_comes_and_goes(self) -> None:
        """In the console, an admin blocks our address, then unblocks it: 403, then 200."""
        console, partner = self._console, self.applications["Partner"]
        await console.log_in(
            self._stage.credentials["admin_username"], self._stage.credentials["admin_password"]
        )
        policies = f"/apis/{self.api_id}/policies"
        form = await console.open(f"{policies}/new/ip-blocklist")
        review = await console.press(
            form, "Review the policy", **{"configurationData.ips": "127.0.0.0/8"}
        )
        chain = await console.press(review, "Apply the policy")
        seen = await self._clients.until(403, partner)
        self._report.compare("request after the block", "403 in time", seen)
        self._report.compare("roll-out", "all adapters run it", await self._rolled_out(policies))
        question = await console.follow(chain, "Remove IP blocklist")
        await console.press(question, "Remove")
        seen = await self._clients.until(200, partner)
        self._report.compare("request after its removal", "200 in time", seen)

    async def contract_is_approved_and_revoked(self) -> None:
        """In the console, an admin approves a contract in the queue, then revokes it: 200, 401."""
        console, stranger = self._console, self.applications["Stranger"]
        contract = await self._admin.request_contract(
            self.api_id, stranger.application_id, self._silver
        )
        self._contracts["Stranger"] = contract["id"]
        queue = await console.open("/contracts")
        await console.press(queue, "Approve those chosen", contract=str(contract["id"]))
        seen = await self._clients.until(200, stranger)
        self._report.compare("request after the approval", "200 in time", seen)
        question = await console.open(f"/contracts/{contract['id']}/revoke")
        await console.press(question, "Revoke")
        seen = await self._clients.until(401, stranger)
        self._report.compare("request after the revocation", "401 in time", seen)

    async def platform_stops_and_returns(self) -> None:
        """The platform stops: decisions continue. It starts again: the sync continues."""
        partner = self.applications["Partner"]
        await self._stage.programs["platform"].stop()
        self._report.say("platform stopped")
        for _ in range(3):
            await asyncio.sleep(POLL_INTERVAL_S / 2)
            answer = await self._clients.get(partner)
            self._report.compare("a request while it is down", 200, answer.status)
        await self._stage.start_platform()
        await self._admin.revoke(self.api_id, self._contracts["Mobile"])
        seen = await self._clients.until(401, self.applications["Mobile"], deadline_s=15)
        self._report.compare("a request after a revocation", "401 in time", seen)

    async def analytics_match(self) -> None:
        """The platform's analytics match what was sent, including denied requests."""
        sent = self._clients.totals
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

    async def _rolled_out(self, page: str) -> str:
        """What the console says about the last change, once adapters have reported it."""
        deadline = time.monotonic() + WITHIN_ONE_POLL_S
        while True:
            text = (await self._console.open(page)).text
            if "the adapter runs it" in text:
                return "all adapters run it"
            if time.monotonic() > deadline:
                return "not all adapters run it"
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
