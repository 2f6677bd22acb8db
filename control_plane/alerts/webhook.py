"""Posts notices to webhooks: signed JSON, to a checked address, without redirects."""

import asyncio
import hashlib
import hmac
import json
import ssl
from dataclasses import dataclass
from functools import cache
from typing import Final

import httpx2

from control_plane.alerts.addresses import checked_url, resolved
from control_plane.alerts.alerts import Webhook
from control_plane.alerts.notices import Document
from control_plane.clock import Clock
from control_plane.errors import ControlPlaneError

_TIMEOUT_S: Final = 10.0
_PORTS: Final = {"http": 80, "https": 443}


class UndeliveredError(ControlPlaneError):
    """A notice was not delivered. The message says why, without any secret."""


@dataclass(frozen=True, slots=True)
class WebhookSender:
    """Posts notices."""

    clock: Clock
    loopback: bool
    """Whether addresses of this machine are allowed."""

    async def post(self, webhook: Webhook, document: Document) -> None:
        """Post the notice; raise UndeliveredError or RefusedAddressError."""
        body = json.dumps(document, ensure_ascii=False).encode()
        moment = str(int(self.clock.now().timestamp()))
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "policy-control-plane",
            "X-Alert-Id": document["id"],
            "X-Alert-Timestamp": moment,
            "X-Alert-Signature": f"sha256={signature(webhook.secret, moment, body)}",
        }
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                status = await self._status(webhook.url, body, headers)
        except TimeoutError as error:
            raise UndeliveredError(f"no answer within {_TIMEOUT_S:g} s") from error
        except httpx2.ConnectError as error:
            raise UndeliveredError("the connection failed") from error
        except httpx2.HTTPError as error:
            # Its text may contain the URL, which may be a secret.
            raise UndeliveredError(f"the exchange failed ({type(error).__name__})") from error
        if not 200 <= status < 300:
            raise UndeliveredError(f"the answer has status {status}, expected 2xx")

    async def _status(self, url: str, body: bytes, headers: dict[str, str]) -> int:
        """The status of the answer. Its body is not read."""
        parts = checked_url(url, loopback=self.loopback)
        host = parts.hostname or ""
        port = parts.port or _PORTS[parts.scheme]
        address = await resolved(host, port, loopback=self.loopback)
        # We connect to the address that was checked. A second look-up could find another one.
        target = httpx2.URL(url).copy_with(host=address)
        request = httpx2.Request(
            "POST",
            target,
            content=body,
            headers=headers | {"Host": parts.netloc},
            extensions={"sni_hostname": host, "timeout": httpx2.Timeout(_TIMEOUT_S).as_dict()},
        )
        async with httpx2.AsyncClient(verify=_trusted(), trust_env=False) as client:
            response = await client.send(request, stream=True)
            await response.aclose()
            return response.status_code


@cache
def _trusted() -> ssl.SSLContext:
    """The certificates that we trust: the system's. Reading them takes a while."""
    return ssl.create_default_context()


def signature(secret: str, moment: str, body: bytes) -> str:
    """The HMAC-SHA256 of the time and the body, in hex."""
    signed = moment.encode() + b"." + body
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
