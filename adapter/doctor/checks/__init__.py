"""The checks: one function for each, and tables that name them."""

from typing import Final

from adapter.doctor.check import Check
from adapter.doctor.checks import (
    access_logs,
    api_choice,
    client_address,
    cluster_tls,
    clusters,
    envoy,
    failures,
    headers,
    health,
    istio,
    listeners,
    operators,
    paths_and_hosts,
    questions,
    routes,
)

GROUPS: Final[dict[str, tuple[Check, ...]]] = {
    "Whether requests are checked": listeners.CHECKS,
    "Routes": routes.CHECKS,
    "Which API a request belongs to": api_choice.CHECKS,
    "When the adapter does not answer": failures.CHECKS,
    "What Envoy sends, and what it takes": questions.CHECKS,
    "The client's address": client_address.CHECKS,
    "Request headers": headers.CHECKS,
    "Paths and hosts": paths_and_hosts.CHECKS,
    "The adapters' clusters": clusters.CHECKS,
    "The adapters' health": health.CHECKS,
    "TLS to the adapters": cluster_tls.CHECKS,
    "Access logs": access_logs.CHECKS,
    "Command operators": operators.CHECKS,
    "Istio": istio.CHECKS,
    "Envoy itself": envoy.CHECKS,
}
"""All checks, under the headings of docs/doctor.md."""
