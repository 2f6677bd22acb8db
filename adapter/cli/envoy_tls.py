"""The options of `envoy-config` that name PEM files. The files need not be on this machine."""

from adapter.envoy_config import AdapterTls, ListenerTls
from adapter.errors import ConfigurationError
from adapter.settings import ListenerSettings


def adapter_tls(
    listener: ListenerSettings,
    ca_file: str | None,
    certificate_file: str | None,
    key_file: str | None,
) -> AdapterTls | None:
    """TLS between Envoy and the adapters, whose listener has these settings."""
    if listener.tls_certificate_file is None and not (ca_file or certificate_file or key_file):
        return None
    if listener.tls_certificate_file is None or ca_file is None:
        raise ConfigurationError(
            "TLS between Envoy and the adapters needs both "
            "listener.tls_certificate_file and --adapter-ca-file"
        )
    if (certificate_file is None) != (key_file is None):
        raise ConfigurationError("set both --certificate-file and --key-file, or neither")
    if listener.tls_client_ca_file and not key_file:
        raise ConfigurationError(
            "listener.tls_client_ca_file asks Envoy for a certificate: "
            "set --certificate-file and --key-file"
        )
    return AdapterTls(ca_file, certificate_file, key_file)


def listener_tls(
    certificate_file: str | None, key_file: str | None, client_ca_file: str | None
) -> ListenerTls | None:
    """TLS between clients and Envoy."""
    if not (certificate_file or key_file or client_ca_file):
        return None
    if certificate_file is None or key_file is None:
        raise ConfigurationError(
            "TLS for clients needs both --listener-certificate-file and --listener-key-file"
        )
    return ListenerTls(certificate_file, key_file, client_ca_file)
