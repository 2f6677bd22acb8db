"""Numbers of API instances and alerts in Prometheus' format, for those who may read analytics."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from control_plane.accounts.callers import Caller
from control_plane.accounts.roles import Permission
from control_plane.alerts import alerts
from control_plane.alerts.alerts import Notices
from control_plane.analytics.api_metrics import BOUNDS_S, ApiNumbers, of_today
from control_plane.errors import Forbidden
from control_plane.management import apis
from control_plane.protocol.described import refuses
from control_plane.protocol.scope import InCaller, InServices
from control_plane.services import Services

router = APIRouter()

MAX_APIS: Final = 200
"""API instances of an environment with numbers of their own: those with the smallest ids."""
OTHER: Final = "other"
OF_API: Final = ("environment", "api_id", "api")
_BOUNDS: Final = (*map(str, BOUNDS_S), "+Inf")


class MetricRow(NamedTuple):
    """A metric, as the documentation lists it."""

    labels: tuple[str, ...]
    text: str


REQUESTS: Final = "control_plane_api_requests_total"
RESPONSE_TIME: Final = "control_plane_api_response_time_seconds"
NEWEST: Final = "control_plane_newest_event_timestamp_seconds"
TRIGGERED: Final = "control_plane_alerts_triggered"
NOTICES: Final = "control_plane_alert_notices_total"
METRICS: Final = {
    REQUESTS: MetricRow(
        (*OF_API, "status_class", "outcome"), "requests of the day (UTC), by what became of them"
    ),
    RESPONSE_TIME: MetricRow(OF_API, "response times of the day, a histogram"),
    NEWEST: MetricRow(("environment",), "when the newest request with an event came"),
    TRIGGERED: MetricRow(("environment",), "alerts that are triggered now"),
    NOTICES: MetricRow(("environment", "outcome"), "notices of alerts, sent or failed"),
}


class _Numbers(NamedTuple):
    environment: str
    of_apis: list[tuple[tuple[str, str], ApiNumbers]]
    """With the id and the name of each."""
    newest_ms: int | None
    triggered: int
    """Alerts."""
    notices: Notices


@router.get("/metrics", response_class=PlainTextResponse)
@refuses(Forbidden)
def metrics(caller: InCaller, services: InServices) -> Response:
    """All environments in which the caller may read analytics."""
    found = [*_numbers(services, caller)]
    if not found:
        raise Forbidden(f"this needs the permission {Permission.ANALYTICS_READ.value}")
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collected(found))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


def _numbers(services: Services, caller: Caller) -> Iterator[_Numbers]:
    now = services.clock.now()
    with services.database.read() as session, services.events.answers(now) as answers:
        for environment in caller.environments(session):
            if not caller.may(Permission.ANALYTICS_READ, environment.id):
                continue
            names = dict(sorted(apis.names(session, environment.id).items())[:MAX_APIS])
            own, others = of_today(answers, environment.id, names, now)
            of_apis = [((str(key), names[key]), numbers) for key, numbers in sorted(own.items())]
            yield _Numbers(
                environment.name,
                [*of_apis, ((OTHER, OTHER), others)],
                answers.newest_ms(environment.id),
                len(alerts.triggered(session, environment.id)),
                alerts.notices(session, environment.id),
            )


class _Collected(Collector):
    """Makes the metrics of the table."""

    def __init__(self, found: list[_Numbers]) -> None:
        self._found = found

    def collect(self) -> Iterator[Metric]:
        requests = CounterMetricFamily(
            REQUESTS, METRICS[REQUESTS].text, labels=METRICS[REQUESTS].labels
        )
        times = HistogramMetricFamily(RESPONSE_TIME, METRICS[RESPONSE_TIME].text, labels=OF_API)
        newest = GaugeMetricFamily(NEWEST, METRICS[NEWEST].text, labels=METRICS[NEWEST].labels)
        for environment, of_apis, newest_ms, *_ in self._found:
            for api, numbers in of_apis:
                of_api = (environment, *api)
                for name, number in sorted(numbers.classes.items()):
                    kind = ("", "denied") if name == "denied" else (name, "allowed")
                    requests.add_metric((*of_api, *kind), number)
                buckets = [*zip(_BOUNDS, numbers.buckets(), strict=True)]
                times.add_metric(of_api, buckets, numbers.seconds())
            if newest_ms is not None:
                newest.add_metric((environment,), newest_ms / 1000)
        yield from (requests, times, newest, *self._alerts())

    def _alerts(self) -> Iterator[Metric]:
        triggered = GaugeMetricFamily(
            TRIGGERED, METRICS[TRIGGERED].text, labels=METRICS[TRIGGERED].labels
        )
        notices = CounterMetricFamily(
            NOTICES, METRICS[NOTICES].text, labels=METRICS[NOTICES].labels
        )
        for found in self._found:
            triggered.add_metric((found.environment,), found.triggered)
            for outcome, number in found.notices._asdict().items():
                notices.add_metric((found.environment, outcome), number)
        yield from (triggered, notices)
