"""Checks the group `platform`: credentials from the example, proxy, CAs."""

import os
from pathlib import Path
from typing import Final
from urllib.request import getproxies

from adapter.app.preflight.findings import Findings
from adapter.runtime.system_errors import system_words
from adapter.settings import PlatformSettings

_PLACEHOLDERS: Final = frozenset(
    {"change-me", "changeme", "change_me", "00000000-0000-0000-0000-000000000000"}
)
_FILLED_IN: Final = ("organization_id", "environment_id", "client_id", "client_secret")


def check_platform(findings: Findings, platform: PlatformSettings) -> None:
    """Find values of the example that nobody replaced, and a way to the platform that is barred."""
    for name in _FILLED_IN:
        value = getattr(platform, name)
        text = value if isinstance(value, str) else value.get_secret_value()
        if text.strip().lower() in _PLACEHOLDERS:
            findings.faults.append(
                f"platform.{name}: is still the example's placeholder; write your platform's value"
            )
    if getproxies():
        _check_proxy(findings, str(platform.base_url))
    if platform.base_url.scheme == "https":
        _check_authorities(findings)


def _check_proxy(findings: Findings, url: str) -> None:
    # Only here, because the imports take time that most starts need not spend.
    from yarl import URL  # noqa: PLC0415

    from adapter.runtime.proxy import proxy_for  # noqa: PLC0415

    try:
        proxy_for(URL(url, encoded=True))
    except ValueError as e:
        findings.faults.append(f"HTTPS_PROXY, HTTP_PROXY or ALL_PROXY: {e}")


def _check_authorities(findings: Findings) -> None:
    """Find CAs of the environment that cannot be read; a whole check would take long."""
    file, directory = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    try:
        if file and b"-----BEGIN" not in Path(file).read_bytes():
            findings.faults.append(f"SSL_CERT_FILE: {file} contains no PEM certificate")
        elif not file and directory:
            os.listdir(directory)
    except OSError as e:
        name, value = ("SSL_CERT_FILE", file) if file else ("SSL_CERT_DIR", directory)
        findings.faults.append(f"{name}: cannot read {value}: {system_words(e)}")
