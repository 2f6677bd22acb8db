"""The fields of the event export, with the vendor's titles and in its order."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from sqlalchemy import RowMapping

from control_plane.clock import from_epoch_ms, iso

Field: TypeAlias = Callable[[RowMapping], Any]


def _column(name: str) -> Field:
    return lambda row: row[name]


def _unknown(row: RowMapping) -> None:  # noqa: ARG001 - one signature for all fields
    """For fields that need a database of places or devices, which we don't have."""
    return


def _agent(part: int) -> Field:
    """Name (0) or version (1) of the first product in the user agent (RFC 9110, 10.1.5)."""

    def of_row(row: RowMapping) -> str | None:
        product = (row["user_agent"] or "").partition(" ")[0]
        return product.partition("/")[::2][part] or None

    return of_row


def _size(name: str) -> Field:
    return lambda row: row[name] if row[name] >= 0 else None


def _outcome(row: RowMapping) -> str:
    return "PROCESSED" if row["request_disposition"] == "PROCESSED" else "BLOCKED"


# The order of the vendor's list of values, and `API Version` at its end: the vendor's description
# and response example have it, its list does not.
FIELDS: Mapping[str, Field] = {
    "Timestamp": lambda row: iso(from_epoch_ms(row["received_ms"])),
    "API ID": lambda row: str(row["api_id"]),
    "API Version ID": lambda row: str(row["api_version_id"] or row["api_id"]),
    "Application": _column("client_id"),
    "Message ID": _column("event_id"),
    "Request Size": _size("request_bytes"),
    "Response Size": _size("response_bytes"),
    "Response Time": _column("response_time_ms"),
    "Browser": _unknown,
    "User Agent Name": _agent(0),
    "User Agent Version": _agent(1),
    "OS Family": _unknown,
    "OS Version": _unknown,
    "Hardware Platform": _unknown,
    "Timezone": _unknown,
    "OS Minor Version": _unknown,
    "OS Major Version": _unknown,
    "City": _unknown,
    "Client IP": _column("client_ip"),
    "Continent": _unknown,
    "Postal Code": _unknown,
    "Verb": _column("verb"),
    "Country": _unknown,
    "Resource Path": _column("path"),
    "Status Code": _column("status_code"),
    "Request Outcome": _outcome,
    "Violated Policy Name": _column("policy_name"),
    "API Name": _column("api_name"),
    "API Version Name": _column("api_version"),
    # Empty rather than null for anonymous requests, as in the vendor's examples.
    "Application Name": lambda row: row["application_name"] or "",
    "API Version": _column("api_version"),
}

# What the vendor's CSV example adds to the fields asked for, in its order.
ALWAYS = ("Timestamp", "API ID", "API Version ID", "API Name", "API Version Name")


def titles(asked: Sequence[str], *, csv: bool) -> list[str]:
    """The titles of an export: those asked for (all if none are), then those that always come.

    The vendor's description adds `API Version` to the latter. Its CSV example has no such column,
    so here it always comes in JSON, and in CSV when it is asked for.
    """
    always = ALWAYS if csv else (*ALWAYS, "API Version")
    return list(dict.fromkeys([*(asked or FIELDS), *always]))
