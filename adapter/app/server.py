"""Makes the gRPC server from the settings."""

import ssl
from collections.abc import Iterable

from adapter.app.descriptors import connections_within_descriptors
from adapter.runtime.clock import Clock
from adapter.settings import ListenerSettings, Settings, ShutdownSettings
from adapter.transport.caller_token import CallerToken
from adapter.transport.http2.server import AsyncioServer
from adapter.transport.http2.tls import server_context
from adapter.transport.observer import TransportObserver
from adapter.transport.options import ServerOptions
from adapter.transport.service import Method, Server


def make_server(
    settings: Settings, methods: Iterable[Method], observer: TransportObserver, clock: Clock
) -> Server:
    """A server for the methods; raises ConfigurationError if a TLS file cannot be used."""
    listener = settings.listener
    options = server_options(listener, settings.shutdown)
    if listener.transport == "grpcio":
        # Only here, because the import takes time at the start, and 20 MB of memory.
        from adapter.transport.grpcio_server import GrpcioServer  # noqa: PLC0415

        return GrpcioServer(methods, options, observer, clock)
    return AsyncioServer(methods, options, observer, clock, tls=listener_tls(listener))


def listener_tls(listener: ListenerSettings) -> ssl.SSLContext | None:
    """The TLS of the listener, from its files; raises ConfigurationError if one is unusable."""
    if listener.tls_certificate_file is None or listener.tls_key_file is None:
        return None
    return server_context(
        listener.tls_certificate_file, listener.tls_key_file, listener.tls_client_ca_file
    )


def server_options(listener: ListenerSettings, shutdown: ShutdownSettings) -> ServerOptions:
    """The options of a server on either transport."""
    token = listener.token.get_secret_value() if listener.token else None
    return ServerOptions(
        (listener.address,),
        socket_mode=int(listener.socket_mode, 8),
        socket_group=listener.socket_group,
        receive_limit_bytes=listener.max_message_bytes,
        held_limit_bytes=listener.max_held_bytes or 16 * listener.max_message_bytes,
        max_connections=connections_within_descriptors(listener.max_connections),
        token=CallerToken(token),
        drain_s=shutdown.drain_s,
        stop_s=shutdown.deadline_s,
    )
