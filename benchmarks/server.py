"""The measured process: the adapter's service on one of its transports, with a generated catalog.

`python -m benchmarks.server --transport asyncio ...` prints its address as JSON, and serves until
its standard input ends. So it never runs longer than the process that started it.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

import uvloop

from adapter.authorization.authorizer import Authorizer
from adapter.authorization.decision_counts import DecisionCounts
from adapter.authorization.discovered_services import DiscoveredServices
from adapter.authorization.effect_ports import effect_ports
from adapter.authorization.observer import DecisionObserver
from adapter.authorization.ports import QuotaStore, TokenIntrospector, TokenVerifier, UserVerifier
from adapter.authorization.snapshot_store import SnapshotStore
from adapter.authorization.verdict_text import VerdictTexts
from adapter.ext_authz.check.reader import RequestReader
from adapter.ext_authz.service import AuthorizationService
from adapter.identity.jwks.http_fetch import fetch_document
from adapter.operations.message_log import MessageLog
from adapter.policy.bindings import ApiBinding, BindingTable
from adapter.policy.snapshot import Api
from adapter.quota.redis.client import open_client
from adapter.quota.redis.url import RedisUrl
from adapter.quota.shared import SharedQuotaStore
from adapter.quota.spike import SpikeThrottle
from adapter.runtime import garbage
from adapter.runtime.clock import Clock, SystemClock, WallTime
from adapter.runtime.huge_pages import HugePages
from adapter.runtime.spans import Tracer
from adapter.settings import IdentitySettings, RequestSettings
from adapter.telemetry.logs import configure_logging
from adapter.transport.caller_token import CallerToken
from adapter.transport.grpcio_server import GrpcioServer
from adapter.transport.http2.server import AsyncioServer
from adapter.transport.service import ClientStreamMethod
from benchmarks.catalog import CHAINS, TYPICAL, CatalogSize, build_apis
from benchmarks.events import access_logs
from benchmarks.providers import provider_for
from benchmarks.requests import TOKEN
from benchmarks.spans import Traced
from benchmarks.transport import FailingLoudly
from support.defaults import (
    decision_sample,
    denial_log,
    gatekeeper,
    key_sets,
    ldap_users,
    memory_quotas,
    provider_clients,
    redis_options,
    redis_quotas,
    response_writer,
    server_options,
    token_introspector,
    token_verifier,
    waiting_checks,
)
from tests.rig.redis_server import RedisServer

_PATIENCE_S: Final = 5.0
"""Long, because on a busy machine the default deadline would be exceeded."""

TRANSPORTS: Final = {"asyncio": AsyncioServer, "grpcio": GrpcioServer}


class InContact:
    """A `PlatformContact` that always has contact."""

    reached_platform = True

    def awaits(self, api_id: str) -> bool:  # noqa: ARG002 - the port's signature
        """Nothing: everything is loaded."""
        return False

    def synced_at(self, api_id: str) -> WallTime | None:  # noqa: ARG002 - the port's signature
        """A constant, because no maximum age is set here."""
        return WallTime(0)


def fixed_snapshot(apis: Iterable[Api], clock: Clock) -> SnapshotStore:
    """A snapshot of these APIs that never changes."""
    snapshots = SnapshotStore(clock)
    snapshots.publish(apis)
    return snapshots


def make_authorizer(
    snapshots: SnapshotStore,
    clock: Clock,
    quotas: QuotaStore | None = None,
    bindings: Iterable[ApiBinding] = (),
    users: UserVerifier | None = None,
    tokens: TokenVerifier | None = None,
    introspector: TokenIntrospector | None = None,
    *,
    tracer: Tracer | None = None,
) -> Authorizer:
    """An authorizer as in `adapter.app`; with a `tracer`, as with tracing on."""
    ports = effect_ports(
        quotas=quotas or memory_quotas(clock),
        throttler=SpikeThrottle(clock),
        messages=MessageLog(clock),
        users=users or ldap_users(clock),
        tokens=tokens or token_verifier(clock),
        introspector=introspector or token_introspector(clock),
        clock=clock,
        clock_skew_s=0,
    )
    return Authorizer(
        snapshots,
        BindingTable(bindings),
        gatekeeper(clock, InContact()),
        clock,
        ports,
        unbound=RequestSettings().unbound,
        discovered=DiscoveredServices(),
        tracer=tracer,
    )


def make_service(
    apis: Iterable[Api],
    clock: Clock,
    quotas: QuotaStore | None = None,
    bindings: Iterable[ApiBinding] = (),
    reader: RequestReader | None = None,
    users: UserVerifier | None = None,
    tokens: TokenVerifier | None = None,
    introspector: TokenIntrospector | None = None,
    *,
    observer: DecisionObserver | None = None,
    tracer: Tracer | None = None,
) -> AuthorizationService:
    """The whole service, as in `adapter.app`; with a `tracer`, as with tracing on."""
    snapshots = fixed_snapshot(apis, clock)
    return AuthorizationService(
        make_authorizer(
            snapshots, clock, quotas, bindings, users, tokens, introspector, tracer=tracer
        ),
        reader or RequestReader(),
        response_writer(),
        observer=observer or DecisionCounts(),
        denials=denial_log(clock),
        sample=decision_sample(clock),
        verdicts=VerdictTexts(snapshots),
        waiting=waiting_checks(clock),
        clock=clock,
    )


@asynccontextmanager
async def quota_store(kind: str, clock: Clock) -> AsyncIterator[QuotaStore]:
    """A store in this process, or on a Redis server that this starts."""
    if kind == "memory":
        yield memory_quotas(clock)
        return
    with tempfile.TemporaryDirectory() as directory:
        server = RedisServer(Path(directory))
        await server.start()
        client = open_client(RedisUrl.parse(server.url), redis_options())
        redis = redis_quotas(client, clock, deadline_s=_PATIENCE_S)
        store = SharedQuotaStore(redis, memory_quotas(clock), clock, when_down="deny")
        await store.start()
        try:
            yield store
        finally:
            await store.close()
            server.stop()


async def serve(
    transport: str,
    address: str,
    apis: Iterable[Api],
    quotas: QuotaStore,
    streams: Sequence[ClientStreamMethod] = (),
    *,
    forget_tokens: bool = False,
    spans: bool = False,
) -> None:
    """Serve Checks and `streams` until standard input ends."""
    clock = SystemClock()
    garbage.calm()
    on_loopback = {"allow_networks": ["127.0.0.0/8"]}
    users = ldap_users(clock, **on_loopback, allow_plain_ldap=True)
    introspector = token_introspector(clock, **on_loopback, allow_http=True)
    providers = provider_clients(IdentitySettings(**on_loopback, allow_http=True), clock)

    async def fetch(url: str, timeout_s: float) -> bytes:
        return await fetch_document(await providers(), url, timeout_s)

    keys = key_sets(clock, fetch=fetch)
    memory = {"max_remembered": 0} if forget_tokens else {}
    tokens = token_verifier(clock, keys, **memory)
    traced = Traced(clock)
    service = make_service(
        apis,
        clock,
        quotas,
        users=users,
        tokens=tokens,
        introspector=introspector,
        observer=traced.notes if spans else None,
        tracer=traced.tracer if spans else None,
    )
    method = traced.method(service.method) if spans else service.method
    encoding = asyncio.create_task(traced.encode())
    garbage.settle()
    HugePages(clock).collapse()
    token = CallerToken(TOKEN)
    options = server_options(address, token=token)
    server = TRANSPORTS[transport]((method, *streams), options, FailingLoudly(), clock)
    await server.start()
    await server.set_serving(True)
    print(json.dumps({"address": server.addresses[0]}), flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await server.drain_and_stop()
    encoding.cancel()
    await users.close()
    await introspector.close()
    await keys.close()
    await providers.close()


def main() -> None:
    """Parse the arguments, and serve."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.server", description=__doc__)
    parser.add_argument("--transport", choices=list(TRANSPORTS), default="asyncio")
    parser.add_argument("--address", default="127.0.0.1:0")
    parser.add_argument("--apis", type=int, default=1)
    parser.add_argument("--contracts", type=int, default=1_000)
    parser.add_argument("--chain", choices=list(CHAINS), default=TYPICAL)
    parser.add_argument("--quotas", choices=["memory", "redis"], default="memory")
    parser.add_argument("--forget-tokens", action="store_true", help="verify each token anew")
    parser.add_argument("--analytics", action="store_true", help="also accept access log entries")
    parser.add_argument("--spans", action="store_true", help="make spans of sampled Checks")
    given = parser.parse_args()
    configure_logging("warning", "json")  # otherwise a log line could precede the address
    size = CatalogSize(given.apis, given.contracts)

    async def run() -> None:
        clock = SystemClock()
        async with AsyncExitStack() as stack:
            quotas = await stack.enter_async_context(quota_store(given.quotas, clock))
            streams = []
            if given.analytics:
                streams.append(await stack.enter_async_context(access_logs(clock)))
            provider_url = await stack.enter_async_context(provider_for(given.chain))
            apis = build_apis(size, given.chain, provider_url)
            await serve(
                given.transport,
                given.address,
                apis,
                quotas,
                streams,
                forget_tokens=given.forget_tokens,
                spans=given.spans,
            )

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run())


if __name__ == "__main__":
    main()
