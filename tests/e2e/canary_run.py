"""The control plane of a run with planted secrets, and what is on it."""

import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from typer.testing import CliRunner

import control_plane.cli
from support.admin import Admin
from support.processes import Program
from tests.control_plane.official_bodies import ALERT_EXAMPLE
from tests.rig.canaries import Canaries
from tests.rig.redis_server import free_port

BY_HEADERS = {
    "clientIdExpression": "#[attributes.headers['client_id']]",
    "clientSecretExpression": "#[attributes.headers['client_secret']]",
}
LIMITS = [{"maximumRequests": 1000, "timePeriodInMilliseconds": 60_000}]


class Run:
    """One run: its secrets, its programs, and what they said."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.canaries = Canaries()
        self.places: dict[str, bytes] = {}
        self.shop: dict[str, Any] = {}

    def saw(self, place: str, text: str) -> None:
        """Search in this text."""
        self.places[place] = text.encode()

    def chains(self) -> dict[str, list[tuple[str, dict[str, Any]]]]:
        """The policies of each API, with all kinds of secrets that policies have."""
        plant, nowhere = self.canaries.plant, f"127.0.0.1:{free_port()}"
        injected = {"username": "u", "password": plant("policy injected password")}
        injected |= {"customHeader": "x-service"}
        bearer = {"key": "Authorization", "value": plant("policy header")}
        directory = {
            "ldapServerURL": f"ldap://{nowhere}",
            "ldapServerUserDn": "cn=adapter",
            "ldapServerUserPassword": plant("policy LDAP password"),
            "ldapSearchBase": "dc=test",
            "ldapSearchFilter": "(uid={0})",
        }
        provider = {
            "introspectionURL": f"http://{nowhere}",
            "authorizationValue": plant("policy introspection"),
            "skipClientIdValidation": True,
        }
        user = {"username": "admin", "password": plant("policy basic password")}
        key = {"signingMethod": "hmac", "textKey": plant("policy key") + "-" * 8}
        return {
            "orders": [
                ("client-id-enforcement", BY_HEADERS),
                ("rate-limiting", {"rateLimits": LIMITS}),
                ("header-injection", {"inboundHeaders": [bearer]}),
                ("credential-injection-basic-auth", injected),
            ],
            "users": [("ldap-authentication", directory)],
            "opaque": [("oauth2-token-introspection", provider)],
            "signed": [("jwt-validation", key | {"skipClientIdValidation": True})],
            "basic": [("http-basic-authentication", user)],
        }


@asynccontextmanager
async def platform(run: Run) -> AsyncIterator[Admin]:
    """The control plane as a process."""
    directory = run.directory / "platform"
    directory.mkdir()
    endpoints, credentials = directory / "endpoints.json", directory / "credentials.json"
    command = Path(sys.executable).with_name("policy-control-plane")
    options = ["--database", directory / "platform.db", "--credentials-file", credentials]
    where = ["--listen", "127.0.0.1:0", "--endpoints", endpoints]
    serve = [str(part) for part in (command, "serve", *options, *where)]
    program = Program("platform", serve, directory / "platform.log")
    await program.start()
    try:

        async def listens() -> bool:
            return endpoints.exists() and bool(endpoints.read_text())

        await program.until(listens)
        made = json.loads(credentials.read_text())
        for name in ("admin_password", "gateway_client_secret"):
            run.canaries.keep(name, made[name])
        async with Admin(json.loads(endpoints.read_text())["base_url"], made) as admin:
            run.canaries.keep("access token", admin.authorization["Authorization"].split()[1])
            yield admin
    finally:
        await program.stop()


def mail_settings(run: Run) -> dict[str, str]:
    """Environment variables of a control plane that sends mail and webhooks, to nobody."""
    password = run.directory / "mail-password"
    password.write_text(run.canaries.plant("mail password"))
    changes = {
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": str(free_port()),
        "SMTP_SENDER": "alerts@test.example",
        "SMTP_USER": "alerts",
        "SMTP_PASSWORD_FILE": str(password),
        "ALERT_WEBHOOKS_TO_LOOPBACK": "true",
    }
    return {f"POLICY_CONTROL_PLANE_{name}": value for name, value in changes.items()}


async def fill(run: Run, admin: Admin) -> None:
    """Make the APIs, an application with two secrets, and an alert with a webhook."""
    for name, chain in run.chains().items():
        made = await admin.create_api(name)
        for policy_type, configuration in chain:
            await admin.apply_policy(made["id"], policy_type, configuration)
    run.shop = await admin.create_application("Shop")
    run.canaries.keep("old client secret", run.shop["clientSecret"])
    await admin.request_contract(1, run.shop["id"])
    current = await admin.reset_secret(run.shop["id"], overlap_s=3600)
    run.canaries.keep("client secret", current)
    hook = f"http://127.0.0.1:{free_port()}/{run.canaries.plant('webhook path')}"
    recipients = [{"type": "webhook", "value": hook}, {"type": "email", "value": "a@b.test"}]
    alert = await admin.create_alert(1, ALERT_EXAMPLE | {"recipients": recipients})
    run.canaries.keep("webhook secret", alert["webhookSecret"])
    await _add_connected_app(run, admin.credentials["base_url"])


async def _add_connected_app(run: Run, base_url: str) -> None:
    """A connected app that has logged in."""
    file = run.directory / "app.json"
    places = ("--database", run.directory / "platform/platform.db", "--credentials-file", file)
    create = ("connected-apps", "create", "terraform", "--role", "viewer", *places)
    made = CliRunner().invoke(control_plane.cli.app, [str(word) for word in create])
    assert made.exit_code == 0, made.output
    app = json.loads(file.read_text())
    login = {"grant_type": "client_credentials", "client_id": app["client_id"]}
    login["client_secret"] = run.canaries.keep("connected app secret", app["client_secret"])
    async with httpx.AsyncClient(base_url=base_url, trust_env=False) as client:
        answer = await client.post("/accounts/api/v2/oauth2/token", data=login)
    run.canaries.keep("token of a connected app", answer.json()["access_token"])
