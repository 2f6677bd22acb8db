"""Where the API server is, and how the controller logs in there."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from adapter.controller.kubernetes.failures import ApiServerError
from adapter.errors import ConfigurationError
from adapter.runtime.system_errors import system_words

_ACCOUNT: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where Kubernetes puts the credentials of a pod's service account."""


@dataclass(frozen=True, slots=True)
class ApiServer:
    """The API server."""

    url: str
    token_file: Path | None
    """Read again for each request, because Kubernetes renews it."""
    ca_file: Path | None

    def headers(self) -> dict[str, str]:
        """What every request has; raises ApiServerError if the token cannot be read."""
        if self.token_file is None:
            return {}
        try:
            token = self.token_file.read_text("ascii").strip()
        except (OSError, UnicodeDecodeError) as e:
            why = system_words(e) if isinstance(e, OSError) else "it is not ASCII text"
            raise ApiServerError(f"cannot read the token {self.token_file}: {why}") from None
        return {"authorization": f"Bearer {token}"}


def in_cluster(environment: Mapping[str, str] = os.environ) -> ApiServer:
    """The API server of the cluster in which this process runs as a pod.

    Raises ConfigurationError if it does not run in a pod.
    """
    host = environment.get("KUBERNETES_SERVICE_HOST")
    if not host:
        raise ConfigurationError(
            "kubernetes.url: is missing, and this process does not run in a pod (no "
            "KUBERNETES_SERVICE_HOST in the environment); run `kubectl proxy`, and set "
            "kubernetes.url to http://127.0.0.1:8001"
        )
    shown = f"[{host}]" if ":" in host else host
    port = environment.get("KUBERNETES_SERVICE_PORT", "443")
    return ApiServer(f"https://{shown}:{port}", _ACCOUNT / "token", _ACCOUNT / "ca.crt")
