"""A certificate authority for one test."""

import datetime
import ipaddress
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_LOOPBACK = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
_HOUR = datetime.timedelta(hours=1)
_PEM = serialization.Encoding.PEM


class Identity(NamedTuple):
    """Paths of PEM files."""

    certificate: Path
    key: Path


class Authority:
    """Signs certificates. Peers trust `certificate`."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("authority")
        signed = self._sign(self._name, self._key, [_LOOPBACK], is_authority=True)
        self.certificate = directory / "authority.pem"
        self.certificate.write_bytes(signed.public_bytes(_PEM))

    def issue(
        self,
        name: str,
        alternative_names: Sequence[x509.GeneralName] = (_LOOPBACK,),
        *,
        ends_in: datetime.timedelta = _HOUR,
    ) -> Identity:
        """A new key and its certificate, by default for 127.0.0.1 and an hour."""
        key = ec.generate_private_key(ec.SECP256R1())
        issued = Identity(self._directory / f"{name}.pem", self._directory / f"{name}.key")
        issued.certificate.write_bytes(
            self._sign(_name(name), key, alternative_names, ends_in=ends_in).public_bytes(_PEM)
        )
        issued.key.write_bytes(
            key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        )
        return issued

    def _sign(
        self,
        name: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        alternative_names: Sequence[x509.GeneralName],
        *,
        is_authority: bool = False,
        ends_in: datetime.timedelta = _HOUR,
    ) -> x509.Certificate:
        now = datetime.datetime.now(datetime.UTC)
        builder = (
            x509.CertificateBuilder(self._name, name, key.public_key(), x509.random_serial_number())
            .not_valid_before(now - 2 * _HOUR)
            .not_valid_after(now + ends_in)
            .add_extension(x509.BasicConstraints(is_authority, None), critical=True)
        )
        if alternative_names:
            names = x509.SubjectAlternativeName(alternative_names)
            builder = builder.add_extension(names, critical=False)
        return builder.sign(self._key, hashes.SHA256())


def _name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
