"""Who uses which certificates, as the settings and the environment say."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from adapter.app.certificates import CertificateUse
from adapter.app.identity import Identity
from adapter.app.platform import Platform
from adapter.app.preflight.identity import identity_files
from adapter.app.preflight.quota_store import quota_files
from adapter.app.preflight.tls_files import NamedFile, listener_files
from adapter.app.quotas import Quotas
from adapter.app.server import listener_tls
from adapter.settings import ListenerSettings, Settings
from adapter.transport.service import Server

_NONE: Final = NamedFile("", None)


def certificate_uses(
    settings: Settings, server: Server, platform: Platform, quotas: Quotas, identity: Identity
) -> list[CertificateUse]:
    """All uses; some have no files."""
    uses = [
        listener_use(settings.listener, server),
        client_use("platform", (_NONE, _NONE, _NONE), platform.trust_again),
        client_use("identity provider", identity_files(settings.identity), identity.tls.renew),
    ]
    if quotas.redis is not None and quotas.redis.uses_tls:
        uses.append(client_use("quota store", quota_files(settings.quota), quotas.redis.renew))
    return uses


def listener_use(listener: ListenerSettings, server: Server) -> CertificateUse:
    """The listener's certificate, and the CAs of its clients."""

    async def renew() -> None:
        tls = await asyncio.to_thread(listener_tls, listener)
        if tls is not None:
            server.use_tls(tls)

    return CertificateUse("listener", *listener_files(listener), None, renew)


def client_use(
    name: str, files: tuple[NamedFile, NamedFile, NamedFile], renew: Callable[[], Awaitable[None]]
) -> CertificateUse:
    """Files for connections that we open; without a CA file, the environment names the CAs."""
    certificate, key, trusted = files
    named = os.environ.get("SSL_CERT_FILE") or os.environ.get("SSL_CERT_DIR")
    environment = Path(named) if named and trusted.path is None else None
    return CertificateUse(name, certificate, key, trusted, environment, renew)
