"""Delivers notices to webhooks and mail servers, and notes what became of them."""

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import Final

import structlog
from anyio.to_thread import run_sync

from control_plane.alerts import mail
from control_plane.alerts.alerts import Sealing, webhook_of
from control_plane.alerts.mail import MailServer
from control_plane.alerts.notices import Document, with_links
from control_plane.alerts.outbox import Channel, Letter
from control_plane.alerts.webhook import UndeliveredError, WebhookSender
from control_plane.clock import Clock
from control_plane.errors import ControlPlaneError

_MAIL_TIMEOUT_S: Final = 45.0


@dataclass(frozen=True, slots=True)
class Delivery:
    """How notices reach people, by the operator's settings."""

    clock: Clock
    sealing: Sealing
    mail_server: MailServer | None
    """None: no mail is sent."""

    async def attempt(self, letter: Letter, console_url: str) -> str:
        """Deliver a notice. Return why that failed; empty if it did not."""
        document = with_links(letter.document, console_url)
        try:
            await self._send(letter, document)
        except ControlPlaneError as error:
            structlog.get_logger().warning(
                "alerts.delivery_failed",
                channel=letter.channel,
                target=letter.target,
                alert=document["alert"]["id"],
                reason=str(error),
            )
            return str(error)
        return ""

    async def _send(self, letter: Letter, document: Document) -> None:
        if letter.channel is Channel.MAIL:
            await self._mail(letter.target, document)
        elif letter.sealed is None:
            raise UndeliveredError("the alert has no webhook any more")
        else:
            webhook = webhook_of(letter.sealed, self.sealing.seal)
            await WebhookSender(self.clock, self.sealing.loopback).post(webhook, document)

    async def _mail(self, address: str, document: Document) -> None:
        if self.mail_server is None:
            raise UndeliveredError("no mail server: set POLICY_CONTROL_PLANE_SMTP_HOST")
        work = partial(mail.send, self.mail_server, address, document)
        try:
            async with asyncio.timeout(_MAIL_TIMEOUT_S):
                await run_sync(work, abandon_on_cancel=True)
        except TimeoutError as error:
            message = f"the mail server took more than {_MAIL_TIMEOUT_S:g} s"
            raise UndeliveredError(message) from error
