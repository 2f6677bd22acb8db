"""The gRPC server, as the settings say."""

from collections.abc import Iterable

from adapter.app.descriptors import connections_within_descriptors
from adapter.runtime.clock import Clock
from adapter.settings import Settings
from adapter.transport.caller_token import CallerToken
from adapter.transport.http2.server import AsyncioServer
from adapter.transport.http2.tls import server_context
from adapter.transport.observer import TransportObserver
from adapter.transport.options import ServerOptions
from adapter.transport.service import Method, Server


def make_server(
    settings: Settings, methods: Iterable[Method], observer: TransportObserver, clock: Clock
) -> Server:
    """A server for those methods; raises ConfigurationError for TLS files that can't be used."""
    listener, shutdown = settings.listener, settings.shutdown
    token = listener.token.get_secret_value() if listener.token else None
    options = ServerOptions(
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
    if listener.transport == "grpcio":
        # Only here, because to import it takes time at the start, and 20 MB.
        from adapter.transport.grpcio_server import GrpcioServer  # noqa: PLC0415

        return GrpcioServer(methods, options, observer, clock)
    tls = None
    if listener.tls_certificate_file is not None and listener.tls_key_file is not None:
        tls = server_context(
            listener.tls_certificate_file, listener.tls_key_file, listener.tls_client_ca_file
        )
    return AsyncioServer(methods, options, observer, clock, tls=tls)
