"""Checks who may ask the adapter: the token, and whether there is one."""

from typing import Final

from adapter.app.preflight.findings import Findings
from adapter.app.preflight.placeholders import is_placeholder
from adapter.settings import ListenerSettings
from adapter.settings.addresses import is_loopback
from adapter.transport.addresses import is_tcp

_SHORTEST: Final = 16
_MAKE: Final = "make one with: openssl rand -hex 32"


def check_token(findings: Findings, listener: ListenerSettings) -> None:
    """Find a token that others can guess, and a port that others can reach without a token."""
    address = listener.address
    if listener.token is None:
        is_open = is_tcp(address) and not is_loopback(address.rpartition(":")[0])
        if is_open and listener.tls_client_ca_file is None:
            findings.notes.append(
                f"listener.token: is not set, so everybody who reaches {address} can ask "
                f"this adapter; {_MAKE}"
            )
        return
    text = listener.token.get_secret_value()
    if is_placeholder(text):
        findings.faults.append(f"listener.token: is still the example's placeholder; {_MAKE}")
    elif len(text) < _SHORTEST:
        findings.notes.append(
            f"listener.token: has fewer than {_SHORTEST} characters, so it can be guessed; {_MAKE}"
        )
