"""A collector of OpenTelemetry in the test process, which reads OTLP with OpenTelemetry's types."""

import gzip
import ssl
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.trace.v1.trace_pb2 import Span


class Collector:
    """What it was sent, and what it answers; without `answers`, it accepts everything."""

    def __init__(self) -> None:
        self.answers: list[web.Response] = []
        self.headers: list[Mapping[str, str]] = []
        self.logs: list[ExportLogsServiceRequest] = []
        self.traces: list[ExportTraceServiceRequest] = []
        self.url = ""

    @property
    def records(self) -> list[LogRecord]:
        """All log records."""
        scopes = (scope for r in self.logs for logs in r.resource_logs for scope in logs.scope_logs)
        return [record for scope in scopes for record in scope.log_records]

    def spans_of(self, service: str) -> list[Span]:
        """The spans of the processes with that `service.name`, in the order of their ends."""
        return [
            span
            for r in self.traces
            for spans in r.resource_spans
            if named(spans.resource.attributes).get("service.name") == service
            for scope in spans.scope_spans
            for span in scope.spans
        ]

    async def take(self, request: web.BaseRequest) -> web.Response:
        """Answer a request."""
        self.headers.append(request.headers)
        if self.answers:
            return self.answers.pop(0)
        body = await request.read()
        if request.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        if request.path == "/v1/traces":
            self.traces.append(ExportTraceServiceRequest.FromString(body))
            return web.Response()
        assert request.path == "/v1/logs"
        self.logs.append(ExportLogsServiceRequest.FromString(body))
        return web.Response(body=ExportLogsServiceResponse().SerializeToString())


def refusing(count: int) -> web.Response:
    """An answer that accepts a request without some of its records."""
    answer = ExportLogsServiceResponse()
    answer.partial_success.rejected_log_records = count
    return web.Response(body=answer.SerializeToString())


def named(attributes: Iterable[KeyValue]) -> dict[str, Any]:
    """Attributes by name."""
    return {pair.key: _plain(pair.value) for pair in attributes}


@asynccontextmanager
async def running_collector(tls: ssl.SSLContext | None = None) -> AsyncIterator[Collector]:
    """A collector on loopback."""
    collector = Collector()
    runner = web.ServerRunner(
        web.Server(collector.take, auto_decompress=False), shutdown_timeout=0.1
    )
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    collector.url = f"{'https' if tls else 'http'}://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield collector
    finally:
        await runner.cleanup()


def _plain(value: AnyValue) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_plain(item) for item in value.array_value.values]
    return getattr(value, kind) if kind else None
