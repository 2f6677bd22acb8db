"""Receives the spans of an Envoy and of an adapter, and joins them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from tests.rig.collector import Collector, running_collector
from tests.rig.polling import until

_EXPORT: Final = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
_CHECK: Final = "envoy.service.auth.v3.Authorization/Check"


class Spans(grpc.GenericRpcHandler):
    """What has arrived: from adapters by HTTP, and from Envoys by gRPC, as meshes do it."""

    def __init__(self, adapters: Collector) -> None:
        self.url = f"{adapters.url}/v1/traces"
        """Where adapters send spans."""
        self.address = ""
        """Where Envoys send spans."""
        self._adapters = adapters
        self._envoys: set[tuple[bytes, bytes]] = set()

    def service(self, handler_call_details: Any) -> Any:
        """See the base class."""
        if handler_call_details.method != _EXPORT:
            return None
        return grpc.unary_unary_rpc_method_handler(
            self._take,
            request_deserializer=ExportTraceServiceRequest.FromString,
            response_serializer=ExportTraceServiceResponse.SerializeToString,
        )

    async def _take(self, request: ExportTraceServiceRequest, _: Any) -> ExportTraceServiceResponse:
        for resource in request.resource_spans:
            for scope in resource.scope_spans:
                self._envoys |= {(span.trace_id, span.span_id) for span in scope.spans}
        return ExportTraceServiceResponse()

    async def joined(self, mesh: str, number: int) -> str:
        """A line when so many Checks have a parent in an Envoy; raises RuntimeError if not."""
        try:
            await until(lambda: self._children() >= number)
        except TimeoutError:
            counts = f"{self._children()} of {number}"
            raise RuntimeError(f"{mesh}: {counts} Checks have an Envoy's span as parent") from None
        return f"{mesh}: the spans of {number} Checks are children of Envoy's"

    def _children(self) -> int:
        spans = self._adapters.spans_of("envoy-policy-adapter")
        checks = [span for span in spans if span.name == _CHECK]
        return sum((span.trace_id, span.parent_span_id) in self._envoys for span in checks)


@asynccontextmanager
async def receiving_spans() -> AsyncIterator[Spans]:
    """Both receivers, on loopback."""
    async with running_collector() as adapters:
        spans = Spans(adapters)
        server = grpc.aio.server()
        server.add_generic_rpc_handlers((spans,))
        spans.address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
        await server.start()
        try:
            yield spans
        finally:
            await server.stop(0)
