"""Runs the adapter's gRPC services in this process, with a fixed snapshot."""

import asyncio
import ssl
from collections.abc import Awaitable, Iterable
from dataclasses import replace
from types import TracebackType
from typing import Literal, Self, TypeAlias

from adapter.authorization.authorizer import Authorizer
from adapter.authorization.decision_sample import DecisionSample
from adapter.authorization.discovered_services import DiscoveredServices
from adapter.authorization.effect_ports import effect_ports
from adapter.authorization.observer import DecisionObserver
from adapter.authorization.ports import QuotaStore, TokenIntrospector, UserVerifier
from adapter.authorization.snapshot_store import SnapshotStore
from adapter.authorization.verdict_text import VerdictTexts
from adapter.errors import StoreError
from adapter.ext_authz.check.reader import RequestReader
from adapter.ext_authz.service import AuthorizationService
from adapter.ext_authz.waiting_checks import WaitingChecks
from adapter.messages import access_log_pb2
from adapter.policy.bindings import ApiBinding, BindingTable
from adapter.policy.decision import Decision
from adapter.policy.effects.log import LogMessage
from adapter.policy.effects.quota import Charge, QuotaState
from adapter.policy.snapshot import Api
from adapter.quota.spike import SpikeThrottle
from adapter.runtime.clock import Clock, SystemClock, WallTime
from adapter.settings import RequestSettings
from adapter.transport.caller_token import CallerToken
from adapter.transport.grpcio_server import GrpcioServer
from adapter.transport.http2.server import AsyncioServer
from adapter.transport.observer import TransportObserver
from adapter.transport.options import ServerOptions
from adapter.transport.service import ClientStreamMethod, Metadata, Server
from support.defaults import (
    denial_log,
    gatekeeper,
    ldap_users,
    response_writer,
    server_options,
    token_introspector,
    token_verifier,
    waiting_checks,
)

ACCESS_LOGS = "/envoy.service.accesslog.v3.AccessLogService/StreamAccessLogs"

Transport: TypeAlias = Literal["asyncio", "grpcio"]
TRANSPORTS: tuple[Transport, ...] = ("asyncio", "grpcio")


class AlwaysInTouch:
    """A platform contact that has just confirmed everything."""

    def __init__(self, clock: Clock, *, loading: bool = False) -> None:
        self._clock = clock
        self.loading = loading
        """Whether APIs are still to be loaded."""

    @property
    def reached_platform(self) -> bool:
        """See `PlatformContact`."""
        return True

    def awaits(self, api_id: str) -> bool:
        """See `PlatformContact`."""
        return self.loading

    def synced_at(self, api_id: str) -> WallTime | None:
        """See `PlatformContact`."""
        return self._clock.now()


class BrokenQuotas:
    """A quota store that is down."""

    def charge(self, check_id: str, charge: Charge) -> QuotaState | Awaitable[QuotaState]:
        """Fail."""
        raise StoreError("the quota store is down")


class SilentQuotas:
    """A quota store that never answers."""

    def charge(self, check_id: str, charge: Charge) -> "asyncio.Future[QuotaState]":
        """Let the Check wait."""
        return asyncio.get_running_loop().create_future()


class Observed(DecisionObserver, TransportObserver):
    """Keeps all observations."""

    def __init__(self) -> None:
        self.decisions: list[Decision] = []
        self.failed: list[tuple[str, int]] = []
        self.refused: list[tuple[str, str, str]] = []

    def decided(self, decision: Decision, elapsed_s: float) -> None:
        """See `DecisionObserver`."""
        self.decisions.append(decision)

    def call_failed(self, path: str, code: int) -> None:
        """See `TransportObserver`."""
        self.failed.append((path, code))

    def caller_refused(self, kind: str, peer: str, detail: str) -> None:
        """See `TransportObserver`."""
        self.refused.append((kind, peer, detail))


class CollectedLogs:
    """Keeps the messages of all access log streams, undecoded."""

    def __init__(self) -> None:
        self.messages: list[bytes] = []
        self.opened = 0
        self.finished = 0

    def open(self, metadata: Metadata) -> Self:
        """Open a stream."""
        self.opened += 1
        return self

    def consume(self, message: bytes) -> None:
        """See `StreamConsumer`."""
        self.messages.append(message)

    def finish(self) -> None:
        """See `StreamConsumer`."""
        self.finished += 1

    def entries(self) -> list[bytes]:
        """The entries of all HTTP requests so far."""
        messages = map(access_log_pb2.StreamAccessLogsMessage.FromString, self.messages)
        return [entry for message in messages for entry in message.http_logs.log_entry]


class AdapterInProcess:
    """`async with AdapterInProcess(apis) as adapter:` serves on `adapter.address`."""

    def __init__(
        self,
        apis: Iterable[Api],
        address: str = "127.0.0.1:0",
        *,
        transport: Transport = "asyncio",
        tls: ssl.SSLContext | None = None,
        token: str | None = None,
        bindings: Iterable[ApiBinding] = (),
        options: ServerOptions | None = None,
        logs: CollectedLogs | None = None,
        quotas: QuotaStore | None = None,
        reader: RequestReader | None = None,
        users: UserVerifier | None = None,
        envoy_payload: str = "",
        introspector: TokenIntrospector | None = None,
        sampled: float = 0,
        waiting: WaitingChecks | None = None,
        loading: bool = False,
    ) -> None:
        clock = SystemClock()
        self.snapshots = SnapshotStore(clock)
        self.snapshots.publish(apis)
        self.messages: list[LogMessage] = []
        self.observed = Observed()
        self.denials = denial_log(clock)
        self.logs = logs or CollectedLogs()
        authorizer = Authorizer(
            self.snapshots,
            BindingTable(bindings),
            gatekeeper(clock, AlwaysInTouch(clock, loading=loading)),
            clock,
            effect_ports(
                quotas=BrokenQuotas() if quotas is None else quotas,
                throttler=SpikeThrottle(clock),
                messages=self,
                users=users or ldap_users(clock),
                tokens=token_verifier(clock),
                introspector=introspector or token_introspector(clock),
                clock=clock,
                clock_skew_s=0,
                envoy_payload=envoy_payload,
            ),
            unbound=RequestSettings().unbound,
            discovered=DiscoveredServices(),
        )
        self.service = AuthorizationService(
            authorizer,
            reader or RequestReader(),
            response_writer(),
            observer=self.observed,
            denials=self.denials,
            sample=DecisionSample(clock, sampled),
            verdicts=VerdictTexts(self.snapshots),
            waiting=waiting or waiting_checks(clock),
            clock=clock,
        )
        methods = self.service.method, ClientStreamMethod(ACCESS_LOGS, self.logs.open)
        options = options or server_options(address)
        options = replace(options, token=CallerToken(token))
        self.server: Server
        if transport == "grpcio":
            self.server = GrpcioServer(methods, options, self.observed, clock)
        else:
            self.server = AsyncioServer(methods, options, self.observed, clock, tls=tls)

    def offer(self, messages: Iterable[LogMessage]) -> None:
        """See `MessageLog`."""
        self.messages.extend(messages)

    @property
    def address(self) -> str:
        """The address of the gRPC server."""
        return self.server.addresses[0]

    async def __aenter__(self) -> Self:
        """Start and serve."""
        await self.server.start()
        await self.server.set_serving(True)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop, unless it is stopped already."""
        await self.server.drain_and_stop()
