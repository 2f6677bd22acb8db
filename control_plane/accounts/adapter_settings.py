"""Writes the settings file of an adapter, so that nobody has to copy ids and secrets into it."""

import json
from pathlib import Path
from typing import Final

from control_plane.accounts.credentials import Credentials

_TEMPLATE: Final = """\
# Settings of policy-adapter, written by policy-control-plane.
# This file contains a secret. Keep it readable for the adapter's user only.
# Check it with: policy-adapter check-config --config FILE
# examples/adapter.yaml lists all other settings with their defaults.

# Directory of the files that this adapter keeps over a restart, so that it can start while the
# platform is down. Each adapter process needs its own.
state_directory: {state_directory}

listener:
  # Where Envoy reaches the adapter. Each adapter process needs its own address.
  address: 127.0.0.1:9001

platform:
  # Where the adapter reaches the platform. If it runs on another machine, use an address that
  # works from there.
  base_url: {base_url}
  organization_id: {organization_id}
  environment_id: {environment_id}
  # The adapter logs in with these. The platform stores only a hash of the secret.
  client_id: {client_id}
  client_secret: {client_secret}

observability:
  # Address of /metrics, /healthz and /readyz.
  metrics_address: 127.0.0.1:9102
  # Address of the pages that show what is loaded. Loopback only.
  inspection_address: 127.0.0.1:9103
"""


def adapter_settings(credentials: Credentials, base_url: str, file: Path | None) -> str:
    """The YAML text of settings with the gateway's credentials.

    The adapter keeps its state in a directory beside `file`; without a file, it keeps none.
    """
    state_directory = None if file is None else str(file.absolute().with_name("adapter-state"))
    values = {
        "state_directory": state_directory,
        "base_url": base_url,
        "organization_id": credentials.organization_id,
        "environment_id": credentials.environment_id,
        "client_id": credentials.gateway_client_id,
        "client_secret": credentials.gateway_client_secret,
    }
    # Every JSON value is a YAML value.
    return _TEMPLATE.format(**{name: json.dumps(value) for name, value in values.items()})
