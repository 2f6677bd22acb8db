"""Checks the group `identity`: certificates, and the extra for LDAP."""

from importlib.util import find_spec

from adapter.app.preflight.findings import Findings
from adapter.app.preflight.tls_files import NamedFile, check_tls_files
from adapter.settings import IdentitySettings


def identity_files(identity: IdentitySettings) -> tuple[NamedFile, NamedFile, NamedFile]:
    """Our certificate for identity providers, its key, and their CAs."""
    return (
        NamedFile("identity.certificate_file", identity.certificate_file),
        NamedFile("identity.key_file", identity.key_file),
        NamedFile("identity.ca_file", identity.ca_file),
    )


def check_identity(
    findings: Findings, identity: IdentitySettings, *, ldap_installed: bool | None = None
) -> None:
    """Find files that cannot be used, and settings for LDAP without its library.

    `ldap_installed`: whether the extra `ldap` is there; None to find out.
    """
    check_tls_files(findings, *identity_files(identity))
    for network in identity.allow_networks:
        if network.prefixlen == 0:
            findings.notes.append(
                f"identity.allow_networks: {network} is every address, so API admins can let the "
                "adapter call all servers that it reaches; name your providers' networks"
            )
    if ldap_installed is None:
        ldap_installed = find_spec("sansldap") is not None
    if not ldap_installed:
        changed = sorted(name for name in _changed(identity) if "ldap" in name)
        findings.faults.extend(
            f"identity.{name}: LDAP needs an extra: pip install 'envoy-policy-adapter[ldap]'"
            for name in changed
        )


def _changed(identity: IdentitySettings) -> list[str]:
    """The settings that differ from their defaults."""
    fields = IdentitySettings.model_fields.items()
    return [name for name, field in fields if getattr(identity, name) != field.default]
