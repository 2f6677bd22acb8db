# mypyc: compiled
"""Finds the API of an entry whose decision names none, or says why it belongs to no API.

Such requests were never checked, were refused before their API was known, or their client left
during the Check. The operator's bindings decide which API they belong to.
"""

from collections.abc import Callable
from typing import Final

from adapter.analytics.client_text import text
from adapter.analytics.entry.entry import BY_UPSTREAM, Entry
from adapter.analytics.http_status import CLIENT_CLOSED_REQUEST
from adapter.analytics.observer import Unattributed
from adapter.analytics.subject import Subject, subject_of
from adapter.authorization.decision_record import DecisionRecord
from adapter.policy.catalog import ApiInstance
from adapter.policy.request.attributes import GivenAttributes, RequestAttributes

BoundApi = Callable[[RequestAttributes], ApiInstance | None]
"""Finds the API of a request, of which an entry tells the route's name, authority, path without
query, and destination."""

ROUTE_NAME_CHARACTERS: Final = 500


class Attribution:
    """Attributes entries by the operator's bindings.

    `unchecked` is told about each API whose service got a request or a connection without a Check.
    """

    def __init__(self, bound_api: BoundApi, unchecked: Callable[[str], None]) -> None:
        self._bound_api = bound_api
        self._unchecked = unchecked

    def of_request(
        self, entry: Entry, record: DecisionRecord, path: str, status_code: int
    ) -> Subject | Unattributed:
        """Attribute an HTTP request. `status_code` is the status that its event reports."""
        subject = self._bound(entry, record, entry.authority.decode(errors="replace"), path)
        if subject is not None:
            if not record.revision and entry.response_code_details == BY_UPSTREAM:
                self._unchecked(subject.record.api_id)
            return subject
        if record.reason:
            return Unattributed.UNBOUND
        if entry.refused and entry.response_code_details != b"ext_authz_denied":
            return Unattributed.AUTHORIZATION_ERROR
        if status_code == CLIENT_CLOSED_REQUEST:
            return Unattributed.CLIENT_ABORT
        return Unattributed.UNCHECKED

    def of_connection(self, entry: Entry, record: DecisionRecord) -> Subject | Unattributed:
        """Attribute a TCP connection, which has no authority and no path."""
        subject = self._bound(entry, record, "", "")
        if subject is not None:
            if not (record.revision or entry.refused):
                self._unchecked(subject.record.api_id)
            return subject
        return Unattributed.UNBOUND if record.reason else Unattributed.UNCHECKED

    def _bound(
        self, entry: Entry, record: DecisionRecord, authority: str, path: str
    ) -> Subject | None:
        request = GivenAttributes(
            route_name=text(entry.route_name, ROUTE_NAME_CHARACTERS),
            authority=authority,
            path=path,
            destination_principal=text(entry.destination_principal, ROUTE_NAME_CHARACTERS),
            destination_port=entry.destination_port,
        )
        api = self._bound_api(request)
        if api is None:
            return None
        return subject_of(
            record._replace(api_id=api.api_id, api_name=api.name, api_version=api.version)
        )
