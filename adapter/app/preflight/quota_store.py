"""Checks the group `quota`: the server's URL and its certificates."""

from adapter.app.preflight.findings import Findings
from adapter.app.preflight.tls_files import NamedFile, check_tls_files
from adapter.errors import ConfigurationError
from adapter.quota.redis.url import RedisUrl
from adapter.settings import QuotaSettings


def quota_files(quota: QuotaSettings) -> tuple[NamedFile, NamedFile, NamedFile]:
    """Our certificate for the server, its key, and the server's CAs."""
    return (
        NamedFile("quota.certificate_file", quota.certificate_file),
        NamedFile("quota.key_file", quota.key_file),
        NamedFile("quota.ca_file", quota.ca_file),
    )


def check_quota_store(findings: Findings, quota: QuotaSettings) -> None:
    """Find a URL or files that cannot be used."""
    if quota.url is None:
        return
    try:
        url = RedisUrl.parse(quota.url.get_secret_value())
    except ConfigurationError as e:
        findings.faults.append(str(e))
        return
    files = quota_files(quota)
    if url.tls:
        check_tls_files(findings, *files)
    for name, path in files:
        if path is not None and not url.tls:
            findings.faults.append(
                f"{name}: quota.url has no TLS; begin it with rediss:// or remove this setting"
            )
