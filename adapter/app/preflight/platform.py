"""Checks the group `platform`: credentials from the example, proxy, CAs."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final
from urllib.request import getproxies

from adapter.app.preflight.findings import Findings
from adapter.app.preflight.placeholders import is_placeholder
from adapter.policy.compile import POLICY_TYPES
from adapter.policy.spelling import did_you_mean
from adapter.runtime.system_errors import system_words
from adapter.settings import PlatformSettings
from adapter.settings.addresses import is_loopback
from adapter.settings.groups.platform import PlatformAccount

_LONG_POLL_S: Final = 3600.0
_FILLED_IN: Final = ("organization_id", "environment_id", "client_id", "client_secret")


def check_platform(findings: Findings, platform: PlatformSettings) -> None:
    """Find values of the example that nobody replaced, and a way to the platform that is barred."""
    _note_apis(findings, platform)
    _note_ignored_types(findings, platform.ignored_policy_types)
    if platform.poll_interval_s > _LONG_POLL_S:
        findings.notes.append(
            f"platform.poll_interval_s: changes of policies and contracts arrive up to "
            f"{platform.poll_interval_s:g} s late"
        )
    if platform.account is not None:
        _check_account(findings, platform.account)


def _check_account(findings: Findings, account: PlatformAccount) -> None:
    for name in _FILLED_IN:
        value = getattr(account, name)
        text = value if isinstance(value, str) else value.get_secret_value()
        if is_placeholder(text):
            findings.faults.append(
                f"platform.{name}: is still the example's placeholder; write your platform's value"
            )
        elif text != text.strip():
            findings.faults.append(
                f"platform.{name}: begins or ends with a blank or a line break; remove it"
            )
    if account.base_url.scheme == "http" and not is_loopback(account.base_url.host or ""):
        findings.notes.append(
            "platform.base_url: is http://, so the client secret crosses the network in clear "
            "text; use https://"
        )
    if getproxies():
        _check_proxy(findings, str(account.base_url))
    if account.base_url.scheme == "https":
        _check_authorities(findings)


def _note_apis(findings: Findings, platform: PlatformSettings) -> None:
    names = [] if platform.apis == "environment" else platform.apis
    for name in names:
        if not name.isdecimal():
            findings.notes.append(
                f"platform.apis: {name!r} is not a number, and platforms number their API "
                "instances; write the id, not the name"
            )


def _note_ignored_types(findings: Findings, types: Iterable[str]) -> None:
    for name in types:
        if name in POLICY_TYPES:
            findings.notes.append(
                f"platform.ignored_policy_types: policies of type {name} have no effect, although "
                "this adapter can enforce them; their APIs are open"
            )
        elif meant := did_you_mean(name, POLICY_TYPES):
            findings.notes.append(
                f"platform.ignored_policy_types: {name} is no type that this adapter knows; {meant}"
            )


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
