"""Who calls, by the client certificate that a real Envoy verified."""

import ssl
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest
import pytest_asyncio
from cryptography import x509

from adapter.envoy_config import ApiRoute, ListenerTls, render
from support.defaults import envoy_config
from support.upstream import Upstream
from tests.builders import api, applied, contract
from tests.rig.adapters import AdapterInProcess
from tests.rig.certificates import Authority, Identity
from tests.rig.envoy import Envoy
from tests.rig.raw_http import Answer, request

pytestmark = pytest.mark.asyncio(loop_scope="session")

SPIFFE = "spiffe://shop.test/ns/prod/sa/orders"
OTHER = "spiffe://shop.test/ns/prod/sa/other"
PARTS = ("principal", "subject", "commonName", "uris", "dnsNames", "fingerprint")
API = api(
    "mutual",
    [
        applied(
            "client-id-enforcement",
            {"clientIdExpression": "#[attributes.clientCertificate.principal]"},
        ),
        applied(
            "header-injection",
            {
                "inboundHeaders": [
                    {
                        "key": f"x-{part}",
                        "value": f"#[(attributes.clientCertificate.{part} default []) joinBy ' ']"
                        if part in {"uris", "dnsNames"}
                        else f"#[attributes.clientCertificate.{part} default '-']",
                    }
                    for part in PARTS
                ]
            },
        ),
    ],
    [contract(SPIFFE), contract("orders.test"), contract("CN=plain")],
)
CERTIFICATES: Mapping[str, tuple[x509.GeneralName, ...]] = {
    "spiffe": (
        x509.DNSName("orders.test"),
        x509.UniformResourceIdentifier(SPIFFE),
        x509.UniformResourceIdentifier(OTHER),
    ),
    "other": (x509.UniformResourceIdentifier(OTHER),),
    "dns": (x509.DNSName("orders.test"), x509.DNSName("other.test")),
    "plain": (),
}


@dataclass(frozen=True, slots=True)
class MutualTls:
    """An Envoy that asks clients for certificates of its authority."""

    envoy: Envoy
    authority: Authority
    clients: Mapping[str, Identity]

    async def ask(
        self, client: str | Identity | None, headers: list[tuple[str, str]] | None = None
    ) -> Answer:
        """The answer to a client with this certificate, or with none."""
        identity = self.clients[client] if isinstance(client, str) else client
        context = ssl.create_default_context(cafile=self.authority.certificate)
        if identity is not None:
            context.load_cert_chain(identity.certificate, identity.key)
        return await request(self.envoy.address, "any.test", "/", headers or [], tls=context)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def mutual(
    binary: Path, upstream: Upstream, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[MutualTls]:
    """The Envoy configuration that we print with `--client-ca-file`."""
    directory = tmp_path_factory.mktemp("mutual")
    authority = Authority(directory)
    server = authority.issue("envoy")
    clients = {name: authority.issue(name, names) for name, names in CERTIFICATES.items()}
    async with AdapterInProcess([API]) as adapter:
        config = envoy_config(
            apis=(ApiRoute("mutual", upstream.http_address),),
            adapters=(adapter.address,),
            check_timeout_s=5,
            health_interval_s=0.2,
            listener_tls=ListenerTls(
                str(server.certificate), str(server.key), str(authority.certificate)
            ),
        )
        async with Envoy(binary, render(config), directory / "envoy") as envoy:
            yield MutualTls(envoy, authority, clients)


@pytest.mark.parametrize(
    ("client", "seen"),
    [
        (
            "spiffe",
            {
                "principal": SPIFFE,
                "subject": "CN=spiffe",
                "commonName": "spiffe",
                "uris": f"{SPIFFE} {OTHER}",
                "dnsNames": "orders.test",
            },
        ),
        ("dns", {"principal": "orders.test", "uris": "", "dnsNames": "orders.test other.test"}),
        ("plain", {"principal": "CN=plain", "subject": "CN=plain", "dnsNames": ""}),
    ],
)
async def test_the_certificate_says_who_calls(
    mutual: MutualTls, client: str, seen: Mapping[str, str]
) -> None:
    """The principal is the first URI, else the first DNS name, else the subject."""
    answer = await mutual.ask(client)
    assert answer.status == 200
    for part, value in seen.items():
        assert answer.upstream_saw(f"x-{part.lower()}") == [value]
    assert answer.upstream_saw("x-adapter-client-id") == [seen["principal"]]
    certificate = x509.load_pem_x509_certificate(mutual.clients[client].certificate.read_bytes())
    digest = certificate.fingerprint(certificate.signature_hash_algorithm)  # type: ignore[arg-type]
    assert answer.upstream_saw("x-fingerprint") == [digest.hex()]


async def test_a_certificate_without_a_contract_is_refused(mutual: MutualTls) -> None:
    """A header that names another certificate changes nothing."""
    good = mutual.clients["spiffe"].certificate.read_text()
    forged = [
        ("x-forwarded-client-cert", f'By=a;URI={SPIFFE};Cert="{quote(good, safe="")}"'),
        ("client_id", SPIFFE),
        ("x-adapter-client-id", SPIFFE),
    ]
    answer = await mutual.ask("other", forged)
    assert answer.status == 401
    assert answer.header("x-adapter-reason") == "credentials_invalid"


async def test_the_upstream_gets_envoys_word_and_not_the_clients(mutual: MutualTls) -> None:
    """Envoy replaces the header that tells upstreams about client certificates."""
    answer = await mutual.ask("spiffe", [("x-forwarded-client-cert", f"URI={OTHER}x;Subject=a")])
    (told,) = answer.upstream_saw("x-forwarded-client-cert")
    assert f"URI={SPIFFE}" in told
    assert f"{OTHER}x" not in told


async def test_without_a_good_certificate_no_request_arrives(
    mutual: MutualTls, tmp_path: Path
) -> None:
    """Envoy refuses the handshake: without a certificate, and with one of another authority."""
    stranger = Authority(tmp_path).issue("spiffe", CERTIFICATES["spiffe"])
    for client in (None, stranger):
        with pytest.raises((ssl.SSLError, ConnectionError, EOFError)):
            await mutual.ask(client)
