"""Says what is wrong or risky in an Envoy that asks the adapter.

    envoy = read_file(Path("envoy.yaml"))
    print(as_text(examine(envoy, adapter)))

`reading` turns an admin interface or a file into a model. `checks` are pure functions of the model
and of what is known of the adapter. Nothing is changed, and no secret is repeated.
"""

from adapter.doctor.examination import examine, refuse_unknown_codes
from adapter.doctor.finding import Finding, Place, Severity
from adapter.doctor.known_adapter import KnownAdapter, KnownBinding
from adapter.doctor.model import Envoy
from adapter.doctor.reading import read_admin, read_file
from adapter.doctor.report import as_json, as_text

__all__ = [
    "Envoy",
    "Finding",
    "KnownAdapter",
    "KnownBinding",
    "Place",
    "Severity",
    "as_json",
    "as_text",
    "examine",
    "read_admin",
    "read_file",
    "refuse_unknown_codes",
]
