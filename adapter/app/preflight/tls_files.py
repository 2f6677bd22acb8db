"""Checks PEM files: certificates, their keys, and CAs."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from adapter.app.preflight.findings import Findings
from adapter.app.server import listener_tls
from adapter.errors import ConfigurationError
from adapter.runtime.system_errors import system_words
from adapter.settings import ListenerSettings

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

_SOON: Final = timedelta(days=14)


class NamedFile(NamedTuple):
    """A setting and the file that it names."""

    name: str
    path: Path | None


def listener_files(listener: ListenerSettings) -> tuple[NamedFile, NamedFile, NamedFile]:
    """The listener's certificate, its key, and the CAs of its clients."""
    return (
        NamedFile("listener.tls_certificate_file", listener.tls_certificate_file),
        NamedFile("listener.tls_key_file", listener.tls_key_file),
        NamedFile("listener.tls_client_ca_file", listener.tls_client_ca_file),
    )


def check_listener_tls(findings: Findings, listener: ListenerSettings) -> None:
    """Find certificates and keys of the listener that cannot be used."""
    before = len(findings.faults)
    check_tls_files(findings, *listener_files(listener))
    if len(findings.faults) == before:  # for what only OpenSSL knows, such as a key that is weak
        try:
            listener_tls(listener)
        except ConfigurationError as e:
            findings.faults.append(f"listener: {e}")


def check_tls_files(
    findings: Findings, certificate: NamedFile, key: NamedFile, authorities: NamedFile
) -> None:
    """Find files that cannot be read, are of another kind, do not match, or have expired."""
    own = _certificates(findings, certificate)
    if own:
        _check_validity(findings, certificate, own[0])
    _check_key(findings, key, certificate, own[0] if own else None)
    trusted = _certificates(findings, authorities)
    now = datetime.now(UTC)
    if trusted and all(ca.not_valid_after_utc < now for ca in trusted):
        findings.faults.append(
            f"{authorities.name}: all certificates in {authorities.path} have expired; replace them"
        )


def _certificates(findings: Findings, file: NamedFile) -> "list[Certificate]":
    content = _read(findings, file)
    if content is None:
        return []
    # Only here, because the import takes time that most starts need not spend.
    from cryptography.x509 import load_pem_x509_certificates  # noqa: PLC0415

    try:
        return load_pem_x509_certificates(content)
    except ValueError:
        findings.faults.append(f"{file.name}: {file.path} contains no PEM certificate")
        return []


def _check_validity(findings: Findings, file: NamedFile, own: "Certificate") -> None:
    now, ends = datetime.now(UTC), own.not_valid_after_utc
    if ends < now:
        findings.faults.append(
            f"{file.name}: the certificate in {file.path} expired on {ends:%Y-%m-%d}; renew it"
        )
    elif own.not_valid_before_utc > now:
        findings.faults.append(
            f"{file.name}: the certificate in {file.path} is not valid before "
            f"{own.not_valid_before_utc:%Y-%m-%d %H:%M} UTC; check the clock of this machine"
        )
    elif ends - now < _SOON:
        findings.notes.append(
            f"{file.name}: the certificate in {file.path} expires on {ends:%Y-%m-%d}; renew it soon"
        )


def _check_key(
    findings: Findings, file: NamedFile, certificate: NamedFile, own: "Certificate | None"
) -> None:
    content = _read(findings, file)
    if content is None:
        return
    # Only here: see above.
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415

    try:
        key = load_pem_private_key(content, password=None)
    except TypeError:
        findings.faults.append(
            f"{file.name}: the key in {file.path} has a passphrase; store it without one"
        )
    except (ValueError, UnsupportedAlgorithm):
        findings.faults.append(f"{file.name}: {file.path} contains no PEM private key")
    else:
        if own is not None and own.public_key() != key.public_key():
            findings.faults.append(
                f"{file.name}: the key in {file.path} does not belong to the certificate in "
                f"{certificate.path}"
            )


def _read(findings: Findings, file: NamedFile) -> bytes | None:
    if file.path is None:
        return None
    try:
        return file.path.read_bytes()
    except OSError as e:
        findings.faults.append(f"{file.name}: cannot read {file.path}: {system_words(e)}")
        return None
