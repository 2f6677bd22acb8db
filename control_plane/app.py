"""Composition: the services of a control plane, and the web application over them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from fastapi import FastAPI
from sqlalchemy import URL, select
from sqlalchemy.exc import OperationalError

from control_plane.accounts.access import Access
from control_plane.accounts.application_logins import ApplicationLogins
from control_plane.accounts.hashing import LoginHasher
from control_plane.accounts.user_tokens import Lifetimes
from control_plane.alerts.alerts import Sealing
from control_plane.alerts.delivery import Delivery
from control_plane.alerts.mail import MailServer
from control_plane.alerts.watch import AlertWatch
from control_plane.analytics.analytics_store import AnalyticsStore
from control_plane.analytics.clickhouse_store import ClickHouseStore
from control_plane.analytics.event_store import EventStore
from control_plane.analytics.rollups import Keeping
from control_plane.clock import Clock
from control_plane.database_address import events_address
from control_plane.errors import UnusableDatabaseError
from control_plane.http_methods import HeadRequests
from control_plane.management.feed_epochs import FeedEpochs
from control_plane.management.policy_checks.checks import PolicyChecks
from control_plane.management.policy_checks.gateway_check import gateway_check, pointcut_match
from control_plane.management.policy_checks.schema_check import check_by_schema
from control_plane.management.policy_dates import PolicyDates
from control_plane.pages.app import create_console, refused_page
from control_plane.protocol.date_header import DateHeader
from control_plane.protocol.refusals import add_refusals
from control_plane.protocol.request_bodies import RequestBodies
from control_plane.protocol.routes import protocol_routes
from control_plane.protocol.trailing_slash import TrailingSlash
from control_plane.services import Services
from control_plane.settings import Settings
from control_plane.store.clickhouse.server import ClickHouseServer
from control_plane.store.database import Database
from control_plane.store.schema import CONFIGURATION, EVENTS
from control_plane.store.sealing import Seal
from control_plane.store.tables import Environment
from control_plane.store.write_queue import WriteQueue

# Each batch that waits holds its whole body.
_MAX_WAITING_BATCHES = 30


def open_services(settings: Settings, clock: Clock, hasher: LoginHasher | None = None) -> Services:
    """Open the databases; raise UnusableDatabaseError if one can't be used."""
    database = Database(settings.database, CONFIGURATION)
    try:
        events = _open_events(settings, database)
    except Exception:
        database.close()
        raise
    hasher, writes = hasher or LoginHasher(), WriteQueue()
    return Services(
        settings=settings,
        clock=clock,
        database=database,
        events=events,
        hasher=hasher,
        access=Access(database, writes, hasher, clock, lifetimes=_lifetimes(settings)),
        application_logins=ApplicationLogins(database, clock, settings.secret_form),
        writes=writes,
        event_writes=WriteQueue(max_waiting=_MAX_WAITING_BATCHES),
        epochs=FeedEpochs(),
        policy_dates=PolicyDates(clock.now()),
        policy_checks=policy_checks(),
        delivery=Delivery(clock, _sealing(settings), _mail_server(settings)),
    )


def _sealing(settings: Settings) -> Sealing:
    database, key_file = settings.database, settings.seal_key_file
    if key_file is None and isinstance(database, Path):
        key_file = database.with_name(f"{database.stem}-seal.key")
    return Sealing(Seal(key_file), settings.alert_webhooks_to_loopback)


def _mail_server(settings: Settings) -> MailServer | None:
    if not settings.smtp_host:
        return None
    return MailServer(
        settings.smtp_host,
        settings.smtp_port,
        settings.smtp_security,
        settings.smtp_sender,
        settings.smtp_user,
        settings.smtp_password_file,
        settings.smtp_ca_file,
    )


def alert_watch(services: Services, console_url: str) -> AlertWatch:
    """What judges alerts and delivers notices; `console_url` begins the links in them."""
    return AlertWatch(
        services.clock,
        services.database,
        services.events,
        services.writes,
        services.delivery,
        timedelta(seconds=services.settings.alert_interval_s),
        console_url,
    )


def _open_events(settings: Settings, database: Database) -> AnalyticsStore:
    if settings.events is not None:
        return _open_clickhouse(settings.events, settings.analytics_retention_days)
    address = events_address(settings.database)
    opened = Database(address, EVENTS, organizations=_organizations(database))
    return EventStore(opened, settings.analytics_retention_days, _keeping(settings))


def _open_clickhouse(address: URL, retention_days: int) -> ClickHouseStore:
    server = ClickHouseServer(address)
    try:
        return ClickHouseStore(server.ask, retention_days, server.close)
    except OperationalError as error:
        server.close()
        raise UnusableDatabaseError(f"events {address}: {error.orig}") from error


def _lifetimes(settings: Settings) -> Lifetimes:
    return Lifetimes(
        access=timedelta(seconds=settings.token_lifetime_s),
        session=timedelta(seconds=settings.session_lifetime_s),
        idle=timedelta(seconds=settings.session_idle_s),
    )


def _keeping(settings: Settings) -> Keeping:
    return Keeping(
        minutes=timedelta(hours=settings.rollup_minute_hours),
        quarters=timedelta(days=settings.rollup_quarter_days),
        hours=timedelta(days=settings.rollup_hour_days),
    )


def policy_checks() -> PolicyChecks:
    """The gateway's own check of policies, or what schemas can say."""
    check = gateway_check()
    return PolicyChecks(
        check or check_by_schema, match=pointcut_match(), is_complete=check is not None
    )


def _organizations(database: Database) -> dict[str, str]:
    """The organization of each environment."""
    with database.read() as session:
        rows = session.execute(select(Environment.id, Environment.organization_id))
        return {row[0]: row[1] for row in rows}


def create_app(services: Services, console_url: str = "") -> FastAPI:
    """The web application. While it runs, alerts are watched. It closes the services at its end.

    `console_url` is where the console is, if the settings have no public URL.
    """
    console_url = str(services.settings.public_url or console_url).rstrip("/")

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:  # noqa: ARG001
        watching = asyncio.create_task(alert_watch(services, console_url).run())
        try:
            yield
        finally:
            watching.cancel()
            await asyncio.wait([watching])
            services.close()

    # The document of the API is a route of its own, without pages, which would load scripts from
    # elsewhere. A redirect to a path without a slash would name http:// behind a proxy with TLS.
    app = FastAPI(lifespan=lifespan, openapi_url=None, redirect_slashes=False)
    app.state.services = services
    app.router.routes.extend(protocol_routes())
    add_refusals(app)
    # What is no path of the protocol is a page.
    app.router.default = create_console(services)
    settings = services.settings
    app.add_middleware(
        RequestBodies,
        limit=settings.max_body_mib << 20,
        ingest_limit=settings.max_analytics_body_mib << 20,
        refuse=refused_page,
    )
    app.add_middleware(DateHeader, clock=services.clock)
    app.add_middleware(HeadRequests)
    app.add_middleware(TrailingSlash)
    return app
