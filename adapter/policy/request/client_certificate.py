"""The client's certificate, as Envoy passes it on after the TLS handshake."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, TypeAlias
from urllib.parse import unquote_to_bytes

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509 import (
    Certificate,
    DNSName,
    DuplicateExtension,
    ExtensionNotFound,
    GeneralName,
    SubjectAlternativeName,
    UniformResourceIdentifier,
    UnsupportedGeneralNameType,
    load_pem_x509_certificate,
)
from cryptography.x509.oid import NameOID

MAX_CHARS: Final = 65_536
"""Characters of a certificate in URL-encoded PEM."""

Part: TypeAlias = str | tuple[str, ...] | None


def read_certificate(url_encoded_pem: str) -> Certificate:
    """Read what Envoy sends with `include_peer_certificate`. Raises ValueError."""
    if len(url_encoded_pem) > MAX_CHARS:
        raise ValueError(f"the client's certificate is longer than {MAX_CHARS:,} characters")
    try:
        return load_pem_x509_certificate(unquote_to_bytes(url_encoded_pem))
    except ValueError:
        raise ValueError("the client's certificate cannot be read") from None


def digest_of(certificate: Certificate) -> bytes:
    """The SHA-256 digest of its DER encoding (RFC 8705, section 3.1)."""
    return certificate.fingerprint(SHA256())


def _common_name(certificate: Certificate) -> str | None:
    """The common name of the subject; None if there is not exactly one."""
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if len(names) == 1 else None


def _alternative_names(certificate: Certificate, kind: type[GeneralName]) -> tuple[str, ...]:
    try:
        names = certificate.extensions.get_extension_for_class(SubjectAlternativeName).value
    except ExtensionNotFound:
        return ()
    except (DuplicateExtension, UnsupportedGeneralNameType) as e:
        raise ValueError(f"the client's certificate has names that cannot be read: {e}") from None
    return tuple(str(name.value) for name in names if isinstance(name, kind))


PARTS: Final[Mapping[str, Callable[[Certificate], Part]]] = MappingProxyType(
    {
        "subject": lambda c: c.subject.rfc4514_string(),
        "commonName": _common_name,
        "uris": lambda c: _alternative_names(c, UniformResourceIdentifier),
        "dnsNames": lambda c: _alternative_names(c, DNSName),
        "fingerprint": lambda c: digest_of(c).hex(),
    }
)
"""What expressions can read of a certificate. Each may raise ValueError."""
