"""Gives Envoys the certificates that Istio's agent would fetch for them."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import grpc
from cryptography import x509
from envoy.extensions.transport_sockets.tls.v3 import secret_pb2
from envoy.service.discovery.v3 import discovery_pb2

from tests.rig.certificates import Authority, Identity

_STREAM: Final = "/envoy.service.secret.v3.SecretDiscoveryService/StreamSecrets"
_VERSION: Final = "1"


def principal(account: str) -> str:
    """What the certificate of this service account says in Istio."""
    return f"spiffe://cluster.local/ns/shop/sa/{account}"


class Certificates(grpc.GenericRpcHandler):
    """Serves one workload's secrets (SDS), by the names that istiod gives them."""

    def __init__(self, account: str, directory: Path) -> None:
        self._authority = Authority(directory)
        own = self._issue(account)
        chain, key = ({"inline_bytes": file.read_bytes()} for file in own)
        ca = {"inline_bytes": self._authority.certificate.read_bytes()}
        self._secrets = {
            "default": secret_pb2.Secret(
                name="default", tls_certificate={"certificate_chain": chain, "private_key": key}
            ),
            "ROOTCA": secret_pb2.Secret(name="ROOTCA", validation_context={"trusted_ca": ca}),
        }
        self.address = ""

    def client(self) -> ssl.SSLContext:
        """The TLS of another workload."""
        context = ssl.create_default_context(cafile=str(self._authority.certificate))
        context.check_hostname = False
        context.load_cert_chain(*self._issue("client"))
        return context

    def service(self, handler_call_details: Any) -> Any:
        """See the base class."""
        if handler_call_details.method != _STREAM:
            return None
        return grpc.stream_stream_rpc_method_handler(
            self._stream,
            request_deserializer=discovery_pb2.DiscoveryRequest.FromString,
            response_serializer=discovery_pb2.DiscoveryResponse.SerializeToString,
        )

    async def _stream(self, requests: Any, _: Any) -> AsyncIterator[Any]:
        async for request in requests:
            # With a version, it is the confirmation of an answer.
            if not request.version_info:
                answer = discovery_pb2.DiscoveryResponse(
                    version_info=_VERSION, nonce=_VERSION, type_url=request.type_url
                )
                for name in request.resource_names:
                    answer.resources.add().Pack(self._secrets[name])
                yield answer

    def _issue(self, account: str) -> Identity:
        return self._authority.issue(account, [x509.UniformResourceIdentifier(principal(account))])


@asynccontextmanager
async def serving_certificates(account: str, directory: Path) -> AsyncIterator[Certificates]:
    """The certificates of this service account."""
    certificates = Certificates(account, directory)
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((certificates,))
    certificates.address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    await server.start()
    try:
        yield certificates
    finally:
        await server.stop(0)
