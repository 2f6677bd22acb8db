"""The table of all metrics; docs/operations.md explains each to operators."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple


class MetricRow(NamedTuple):
    """A metric: its kind, what it counts, and the names of its labels.

    A label has few values, whatever clients send.
    """

    kind: Literal["counter", "gauge"]
    description: str
    labels: tuple[str, ...] = ()
    together: Literal["sum", "max", "min"] = "sum"
    """What the gauges of several workers make; counters are added."""


METRICS: Mapping[str, MetricRow] = MappingProxyType(
    {
        "adapter_build_info": MetricRow(
            "gauge",
            "Always 1; the labels say the version and whether the Check path is compiled",
            ("version", "build"),
            together="max",
        ),
        "adapter_decisions": MetricRow(
            "counter", "Decisions by API and outcome (allowed or a deny reason)", ("api", "outcome")
        ),
        "adapter_call_errors": MetricRow(
            "counter", "gRPC calls not answered with OK, by method and status", ("method", "code")
        ),
        "adapter_checks_waiting": MetricRow(
            "gauge", "Checks that wait for a store, an identity provider or spike control"
        ),
        "adapter_checks_dropped": MetricRow(
            "counter",
            "Checks without an answer: too many of their API waited, or Envoy gave them up",
            ("reason",),
        ),
        "adapter_bindings": MetricRow(
            "gauge", "Bindings in use, from the settings or their file", together="max"
        ),
        "adapter_bindings_kept": MetricRow(
            "gauge",
            "1 while the file with the bindings cannot be used, so that the old ones stay in use",
            together="max",
        ),
        "adapter_certificates_kept": MetricRow(
            "gauge",
            "1 while new certificate files cannot be used, so that the old ones stay in use",
            ("of",),
            together="max",
        ),
        "adapter_unbound_requests_left_out": MetricRow(
            "counter",
            "Requests without an API that found the table of discovered services full",
        ),
        "adapter_quota_windows": MetricRow("gauge", "Quota windows held in memory"),
        "adapter_quota_refused": MetricRow(
            "counter", "Charges refused because their policy's share of the windows is used up"
        ),
        "adapter_spike_waiting": MetricRow("gauge", "Requests that wait for spike control"),
        "adapter_spike_refused": MetricRow(
            "counter", "Requests that spike control refused because too many were waiting already"
        ),
        "adapter_ldap_users": MetricRow(
            "counter", "Users that LDAP policies had to authenticate, by result", ("result",)
        ),
        "adapter_messages_dropped": MetricRow(
            "counter", "Messages of message-logging policies dropped because too many were waiting"
        ),
        "adapter_tokens": MetricRow(
            "counter",
            "Tokens by result (verified, remembered, verified_by_envoy, refused, no_keys)",
            ("result",),
        ),
        "adapter_tokens_remembered": MetricRow(
            "gauge",
            "Verified tokens in memory; one of more than 1,024 characters counts as several",
        ),
        "adapter_key_fetches": MetricRow(
            "counter",
            "Fetches of key sets by result (succeeded, unreachable, refused, unusable)",
            ("result",),
        ),
        "adapter_key_sets": MetricRow(
            "gauge",
            "Key sets in use by state (current, stale, missing)",
            ("state",),
            together="max",
        ),
        "adapter_policies_ignored": MetricRow(
            "gauge",
            "Applied policies of the types in platform.ignored_policy_types",
            together="max",
        ),
        "adapter_quota_multiplier": MetricRow(
            "gauge",
            "How many times over each limit can be used up, because processes count alone",
            together="max",
        ),
        "adapter_quota_store_up": MetricRow(
            "gauge", "Whether the shared quota store answers", together="min"
        ),
        "adapter_quota_store_failures": MetricRow(
            "counter", "Charges that the shared store failed to answer in time"
        ),
        "adapter_quota_charges_without_store": MetricRow(
            "counter", "Charges decided by quota.when_down, without the shared store"
        ),
        "adapter_introspections": MetricRow(
            "counter", "Tokens that had to be introspected, by result", ("result",)
        ),
        "adapter_introspections_running": MetricRow(
            "gauge", "Questions to identity providers about tokens that run now"
        ),
        "adapter_introspected_remembered": MetricRow(
            "gauge", "Places in use of the memory of active tokens"
        ),
        "adapter_introspected_evicted": MetricRow(
            "counter", "Active tokens that were forgotten early because there was no room"
        ),
        "adapter_identity_providers_failing": MetricRow(
            "gauge", "Identity providers that are left alone because they fail", together="max"
        ),
        "adapter_transport_faults": MetricRow(
            "counter", "Violations of a limit by peers of the gRPC server, by kind", ("kind",)
        ),
        "adapter_operator_faults": MetricRow(
            "counter",
            "Violations of a limit by clients of the operators' listeners, by listener and kind",
            ("listener", "kind"),
        ),
        "adapter_sync_polls": MetricRow(
            "counter", "Platform polls by kind and result", ("kind", "result")
        ),
        "adapter_sync_age_seconds": MetricRow(
            "gauge",
            "Seconds since the platform was last reached; absent before the first time",
            together="max",
        ),
        "adapter_reports": MetricRow(
            "counter", "Reports to the platform by result (sent, failed, not_taken)", ("result",)
        ),
        "adapter_apis_published": MetricRow("counter", "API instances put into the snapshot"),
        "adapter_apis": MetricRow(
            "gauge", "API instances in the snapshot by state", ("state",), together="max"
        ),
        "adapter_contracts": MetricRow(
            "gauge",
            "Contracts in the snapshot by state; requests of closed ones are denied",
            ("state",),
            together="max",
        ),
        "adapter_secret_forms_unknown": MetricRow(
            "counter", "Contracts whose hashed secret has no known form"
        ),
        "adapter_disk_copies": MetricRow("counter", "Disk copies by result", ("result",)),
        "adapter_disk_copy_bytes": MetricRow("counter", "Bytes written as disk copies"),
        "adapter_snapshot_revision": MetricRow(
            "gauge", "Revision of the current snapshot", together="min"
        ),
        "adapter_events": MetricRow("counter", "Analytics events by outcome", ("outcome",)),
        "adapter_events_waiting": MetricRow("gauge", "Analytics events not yet uploaded"),
        "adapter_events_waiting_bytes": MetricRow("gauge", "Bytes of events not yet uploaded"),
        "adapter_events_quarantined": MetricRow(
            "gauge", "Events that the platform refused for good, kept on disk for an operator"
        ),
        "adapter_upload_failures": MetricRow("counter", "Failed uploads by kind", ("kind",)),
        "adapter_otlp_logs": MetricRow(
            "counter", "Events sent to the collector of OpenTelemetry, by outcome", ("outcome",)
        ),
        "adapter_otlp_logs_waiting": MetricRow(
            "gauge", "Events not yet sent to the collector of OpenTelemetry"
        ),
        "adapter_otlp_log_failures": MetricRow(
            "counter", "Failed requests to the collector of OpenTelemetry, by kind", ("kind",)
        ),
        "adapter_spans": MetricRow("counter", "Spans by outcome", ("outcome",)),
        "adapter_spans_waiting": MetricRow("gauge", "Spans not yet sent to the collector"),
        "adapter_span_failures": MetricRow(
            "counter", "Failed requests with spans to the collector, by kind", ("kind",)
        ),
        "adapter_entries_unattributed": MetricRow(
            "counter", "Access log entries that belong to no known API, by reason", ("reason",)
        ),
        "adapter_unchecked_requests": MetricRow(
            "counter", "Requests that reached a bound API without a Check, by API", ("api",)
        ),
        "adapter_entries_broken": MetricRow("counter", "Access log entries that do not parse"),
        "adapter_task_crashes": MetricRow("counter", "Crashes of background tasks", ("task",)),
        "adapter_workers": MetricRow("gauge", "Workers by state (running, down)", ("state",)),
        "adapter_worker_restarts": MetricRow(
            "counter", "How often a worker ended and was started again"
        ),
        "adapter_controller_rounds": MetricRow(
            "counter", "Rounds of the controller by their result", ("result",)
        ),
        "adapter_controller_writes": MetricRow(
            "counter", "Objects that the controller wrote or removed", ("verb", "result")
        ),
        "adapter_controller_bindings": MetricRow(
            "gauge", "ApiBindings by condition and its status", ("condition", "status")
        ),
        "adapter_controller_watch_failures": MetricRow(
            "counter", "Lists and watches of the API server that failed", ("resource",)
        ),
        "adapter_controller_leading": MetricRow(
            "gauge", "1 while this controller holds the Lease", together="max"
        ),
    }
)
