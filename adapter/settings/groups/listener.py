"""Where Envoy reaches the adapter."""

from typing import Annotated, Literal

from pydantic import (
    Field,
    model_validator,
)

from adapter.settings.addresses import ListenAddress
from adapter.settings.groups.group import Group
from adapter.settings.values import (
    FilledPath,
    Token,
    of_form,
)


class ListenerSettings(Group):
    """The gRPC port, where Envoy sends Checks and access log streams."""

    transport: Literal["asyncio", "grpcio"] = "asyncio"
    """The gRPC server: our own on asyncio, or grpcio, which needs several times more CPU."""
    address: ListenAddress = "127.0.0.1:9001"
    """`HOST:PORT`, `unix:/path/of.sock` or `unix-abstract:name`. Each adapter needs its own.
    Worker 1 has the next port, or the socket with `.1` at its end."""
    socket_mode: Annotated[
        str, of_form(r"0?[0-7]{3}", 'be permissions in octal, such as "0660"')
    ] = "0660"
    """Permissions of a Unix socket, in octal."""
    socket_group: str | None = None
    """Group of a Unix socket, by name or number: one that Envoy's user is a member of."""
    token: Token | None = None
    """Secret that Envoy sends as gRPC metadata `x-adapter-token` (in its `initial_metadata`)."""
    tls_certificate_file: FilledPath | None = None
    """PEM file of the certificate. With `tls_key_file`: serve TLS (`transport: asyncio` only)."""
    tls_key_file: FilledPath | None = None
    """PEM file of its key."""
    tls_client_ca_file: FilledPath | None = None
    """PEM file of CAs. If set, Envoy must show a certificate that one of them signed."""
    max_message_bytes: Annotated[int, Field(ge=64 * 1024, le=512 * 1024 * 1024)] = 8 * 1024 * 1024
    """Largest message accepted. Must exceed `max_request_bytes` of Envoy's `with_request_body`."""
    max_held_bytes: Annotated[int, Field(ge=1024 * 1024)] | None = None
    """Total size of the messages that are incomplete or not answered yet, over all connections.
    Above it, large messages are refused. Default: 16 times `max_message_bytes`."""
    max_connections: Annotated[int, Field(ge=16, le=65_536)] = 1024
    """Most connections at once. Each worker thread of an Envoy opens one or two."""
    max_waiting_checks: Annotated[int, Field(ge=16, le=1_000_000)] = 10_000
    """Most Checks that wait at once for a shared quota store, an identity provider or spike
    control. One API may hold at most as many as are still free, so half of them if it is alone.
    Beyond that, its Checks that have to wait fail at once with RESOURCE_EXHAUSTED."""

    @model_validator(mode="after")
    def _room_for_messages(self) -> "ListenerSettings":
        if self.max_held_bytes is not None and self.max_held_bytes < 2 * self.max_message_bytes:
            raise ValueError("max_held_bytes must be at least twice max_message_bytes")
        return self

    @model_validator(mode="after")
    def _complete_tls(self) -> "ListenerSettings":
        if (self.tls_certificate_file is None) != (self.tls_key_file is None):
            raise ValueError("set both tls_certificate_file and tls_key_file, or neither")
        if self.tls_client_ca_file is not None and self.tls_key_file is None:
            raise ValueError("tls_client_ca_file needs tls_certificate_file and tls_key_file")
        if self.tls_key_file is not None and self.transport == "grpcio":
            raise ValueError("TLS needs transport: asyncio")
        return self
