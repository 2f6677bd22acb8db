"""Checks the group `quota`: the server's URL and its certificates."""

from adapter.app.preflight.findings import Findings
from adapter.app.preflight.tls_files import NamedFile, check_tls_files
from adapter.errors import ConfigurationError
from adapter.quota.redis.url import RedisUrl
from adapter.settings import QuotaSettings


def check_quota_store(findings: Findings, quota: QuotaSettings) -> None:
    """Find a URL or files that cannot be used."""
    if quota.url is None:
        return
    try:
        url = RedisUrl.parse(quota.url.get_secret_value())
    except ConfigurationError as e:
        findings.faults.append(str(e))
        return
    files = {
        "quota.certificate_file": quota.certificate_file,
        "quota.key_file": quota.key_file,
        "quota.ca_file": quota.ca_file,
    }
    if url.tls:
        check_tls_files(findings, *(NamedFile(*file) for file in files.items()))
    for name, path in files.items():
        if path is not None and not url.tls:
            findings.faults.append(
                f"{name}: quota.url has no TLS; begin it with rediss:// or remove this setting"
            )
