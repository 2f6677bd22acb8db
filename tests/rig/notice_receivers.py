"""A webhook and a mail server that keep what they get."""

import asyncio
import ssl
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiohttp import web
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from control_plane.settings import Security


@dataclass
class Received:
    """A request to the webhook."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class WebhookReceiver:
    """Takes requests. `status` is what it answers; while `held` is set, it answers nothing."""

    url: str = ""
    status: int = 204
    location: str = ""
    requests: list[Received] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        """Keep the request."""
        body = await request.read()
        self.requests.append(Received(request.raw_path, dict(request.headers), body))
        headers = {"Location": self.location} if self.location else {}
        return web.Response(status=self.status, headers=headers)


@asynccontextmanager
async def webhook_receiver(tls: ssl.SSLContext | None = None) -> AsyncIterator[WebhookReceiver]:
    """A webhook on a free port of this machine."""
    receiver = WebhookReceiver()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", receiver.take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    scheme = "http" if tls is None else "https"
    receiver.url = f"{scheme}://127.0.0.1:{runner.addresses[0][1]}/hook?token=of-the-url"
    yield receiver
    await runner.cleanup()


@dataclass
class MailReceiver:
    """Takes mail. `answer` is what it says to the data of a mail."""

    port: int = 0
    answer: str = "250 OK"
    refused: str = ""
    mails: list[EmailMessage] = field(default_factory=list)
    logins: list[tuple[str, str]] = field(default_factory=list)

    @property
    def settings(self) -> dict[str, Any]:
        """Settings of a control plane that sends its notices to this machine."""
        return {
            "alert_webhooks_to_loopback": True,
            "smtp_host": "127.0.0.1",
            "smtp_port": self.port,
            "smtp_security": Security.NONE,
            "smtp_sender": "alerts@shop.test",
        }

    async def handle_RCPT(  # noqa: N802 - the name that aiosmtpd calls
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any
    ) -> str:
        """Take a recipient."""
        if address == self.refused:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - the name that aiosmtpd calls
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Keep a mail."""
        if self.answer.startswith("250"):
            assert isinstance(envelope.content, bytes)
            mail = message_from_bytes(envelope.content, policy=default)
            assert isinstance(mail, EmailMessage)
            self.mails.append(mail)
        return self.answer

    def log_in(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        """Note a login, and accept it if the password is right."""
        assert isinstance(data, LoginPassword)
        self.logins.append((data.login.decode(), data.password.decode()))
        return AuthResult(success=data.password == b"right", handled=False)


@asynccontextmanager
async def mail_receiver(
    *,
    tls: ssl.SSLContext | None = None,
    starttls: ssl.SSLContext | None = None,
    login: bool = False,
) -> AsyncIterator[MailReceiver]:
    """A mail server on a free port of this machine."""
    receiver = MailReceiver()
    loop = asyncio.get_running_loop()

    def protocol() -> SMTP:
        with warnings.catch_warnings():
            # It does not know that the connection is encrypted from the beginning.
            warnings.simplefilter("ignore")
            return server_protocol()

    def server_protocol() -> SMTP:
        return SMTP(
            receiver,
            hostname="mail.test",
            ident="test",
            loop=loop,
            tls_context=starttls,
            require_starttls=starttls is not None,
            auth_required=login,
            auth_require_tls=login and tls is None,
            authenticator=receiver.log_in if login else None,
        )

    server = await loop.create_server(protocol, "127.0.0.1", 0, ssl=tls)
    receiver.port = server.sockets[0].getsockname()[1]
    async with server:
        yield receiver
