"""What expressions read of the client's certificate that Envoy verified."""

import datetime
from base64 import b64encode
from urllib.parse import quote, unquote_to_bytes

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from adapter.errors import ExpressionError
from adapter.policy.expression import Failed, Value, compile_expression
from adapter.policy.verdicts import DenyReason
from tests.builders import applied, contract
from tests.unit.policy.gateway import Gateway, a_request, an_evaluation, set_headers

DER = serialization.Encoding.DER
SPIFFE = "spiffe://shop.test/ns/prod/sa/orders"


def certificate(
    *names: x509.GeneralName,
    common_names: tuple[str, ...] = ("orders",),
    names_of_issuer: bool = False,
) -> str:
    """A certificate as Envoy sends it: PEM, URL-encoded."""
    key = ec.generate_private_key(ec.SECP256R1())
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, name) for name in common_names]
    attributes.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Shop"))
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder(issuer_name=x509.Name(attributes))
        .subject_name(x509.Name(attributes))
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(hours=1))
    )
    if names_of_issuer:
        of_issuer = x509.IssuerAlternativeName(names)
        builder = builder.add_extension(of_issuer, critical=False)
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    signed = builder.sign(key, hashes.SHA256())
    return quote(signed.public_bytes(serialization.Encoding.PEM).decode(), safe="")


CERTIFICATE = certificate(
    x509.UniformResourceIdentifier(SPIFFE),
    x509.UniformResourceIdentifier("spiffe://other.test/x"),
    x509.DNSName("orders.test"),
)

TWICE = certificate(x509.DNSName("orders.test"), names_of_issuer=True)


def value(name: str, text: str = CERTIFICATE, principal: str = SPIFFE) -> Value | Failed:
    """What `attributes.clientCertificate.<name>` is for a client with this certificate."""
    request = a_request(certificate=text, principal=principal)
    expression = compile_expression(f"#[attributes.clientCertificate.{name}]")
    return expression.evaluate(an_evaluation(request))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("principal", SPIFFE),
        ("commonName", "orders"),
        ("subject", "O=Shop,CN=orders"),
        ("uris", (SPIFFE, "spiffe://other.test/x")),
        ("uris[1]", "spiffe://other.test/x"),
        ("dnsNames", ("orders.test",)),
        ("dnsNames contains 'orders.test'", True),
        ("principal startsWith 'spiffe://shop.test/'", True),
    ],
)
def test_the_parts_of_a_certificate(name: str, expected: Value) -> None:
    """An admin identifies clients by the part that the certificate authority controls."""
    assert value(name) == expected


def test_the_fingerprint_is_that_of_the_der_encoding() -> None:
    """It is what RFC 8705 binds tokens to, and what openssl prints without the colons."""
    fingerprint = value("fingerprint")
    assert isinstance(fingerprint, str)
    assert len(fingerprint) == 64
    assert fingerprint != value("fingerprint", certificate())


@pytest.mark.parametrize("name", ["principal", "commonName", "subject", "uris", "fingerprint"])
def test_without_a_certificate_all_parts_are_null(name: str) -> None:
    """Without TLS, without a client certificate, or if Envoy is not told to send it."""
    assert value(name, text="", principal="") is None


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        (certificate(), "uris", ()),
        (certificate(), "dnsNames", ()),
        (certificate(common_names=()), "commonName", None),
        (certificate(common_names=("admin", "orders")), "commonName", None),
    ],
    ids=["no URI", "no DNS name", "no common name", "two common names"],
)
def test_names_that_a_certificate_does_not_have(text: str, name: str, expected: Value) -> None:
    """Of two common names none counts, because readers differ in which one they take."""
    assert value(name, text) == expected


@pytest.mark.parametrize(
    "text",
    ["nonsense", "%00", CERTIFICATE[:-60], "x" * 70_000, quote("-----BEGIN CERTIFICATE")],
    ids=["no certificate", "zero octet", "cut off", "too long", "no end"],
)
def test_a_certificate_that_cannot_be_read_fails_the_expression(text: str) -> None:
    """So the policy decides as for every failed expression, and never takes it for a value."""
    assert isinstance(value("subject", text), Failed)


def test_a_certificate_with_its_names_twice_fails_the_expression() -> None:
    """Programs differ in which of the two extensions they read."""
    der = bytearray(x509.load_pem_x509_certificate(unquote_to_bytes(TWICE)).public_bytes(DER))
    # The alternative names of the issuer (2.5.29.18) become those of the subject (2.5.29.17).
    der[der.index(b"\x55\x1d\x12") + 2] = 0x11
    text = f"-----BEGIN CERTIFICATE-----\n{b64encode(der).decode()}\n-----END CERTIFICATE-----\n"
    assert isinstance(value("dnsNames", quote(text, safe="")), Failed)


@given(st.text(max_size=300), st.sampled_from(["subject", "uris", "fingerprint", "commonName"]))
def test_no_text_makes_reading_a_certificate_raise(text: str, name: str) -> None:
    """An exception would leave the Check without an answer."""
    assert isinstance(value(name, text), Failed | None)


def test_a_misspelled_part_is_refused() -> None:
    """The admin learns it when the policy is synced, not when a client is refused."""
    with pytest.raises(ExpressionError, match=r"clientCertificate\.cn"):
        value("cn")
    with pytest.raises(ExpressionError):
        compile_expression("#[attributes.clientCertificate]")


ENFORCED = applied(
    "client-id-enforcement",
    {
        "credentialsOriginHasHttpBasicAuthenticationHeader": "customExpression",
        "clientIdExpression": "#[attributes.clientCertificate.principal]",
    },
)


def test_client_id_enforcement_takes_the_certificate_for_the_client_id() -> None:
    """The contract decides whether this certificate may call this API."""
    gateway = Gateway(ENFORCED, contracts=[contract(SPIFFE)])
    allowed = gateway.allows(a_request(principal=SPIFFE))
    assert allowed.identity is not None
    assert allowed.identity.client_id == SPIFFE


@pytest.mark.parametrize(
    ("principal", "reason"),
    [
        ("", DenyReason.CREDENTIALS_MISSING),
        ("spiffe://shop.test/ns/prod/sa/other", DenyReason.CREDENTIALS_INVALID),
        (SPIFFE.upper(), DenyReason.CREDENTIALS_INVALID),
    ],
)
def test_another_certificate_or_none_is_refused(principal: str, reason: DenyReason) -> None:
    """Headers that name a client do not help: only the handshake counts."""
    gateway = Gateway(ENFORCED, contracts=[contract(SPIFFE)])
    forged = {"client_id": SPIFFE, "x-forwarded-client-cert": f"URI={SPIFFE}"}
    gateway.denies(a_request(forged, principal=principal), reason, 401)


def test_a_header_tells_the_upstream_who_calls() -> None:
    """The client's own header of that name is replaced."""
    policy = applied(
        "header-injection",
        {
            "inboundHeaders": [
                {"key": "x-caller", "value": "#[attributes.clientCertificate.principal]"}
            ]
        },
    )
    allowed = Gateway(policy).allows(a_request(principal=SPIFFE))
    assert ("x-caller", SPIFFE) in set_headers(allowed)


def test_each_certificate_has_a_quota_of_its_own() -> None:
    """A key selector reads the principal as it reads a header."""
    policy = applied(
        "rate-limiting",
        {
            "keySelector": "#[attributes.clientCertificate.principal]",
            "rateLimits": [{"maximumRequests": 1, "timePeriodInMilliseconds": 60_000}],
        },
    )
    gateway = Gateway(policy)
    gateway.allows(a_request(principal="a"))
    gateway.denies(a_request(principal="a"), DenyReason.QUOTA_EXCEEDED, 429)
    gateway.allows(a_request(principal="b"))
