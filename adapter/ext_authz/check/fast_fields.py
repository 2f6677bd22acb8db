# mypyc: compiled
"""The fields that the fast reader has found in a Check. They become strings when needed."""

from collections.abc import Mapping, Sequence

from mypy_extensions import i64

from adapter.ext_authz.check.map_entries import last_value, may_override_method, odd_keys, pairs
from adapter.ext_authz.check.request import ClientAddress, EnvoyRequest
from adapter.messages.wire import Span, content
from adapter.transport.service import Metadata


class FastFields(EnvoyRequest):
    """A Check's bytes, and where each field is in them. A field that is not there is empty."""

    __slots__ = (
        "_authority",
        "_destination",
        "_filter_metadata",
        "_has_route",
        "_header_run",
        "_id",
        "_method",
        "_octets",
        "_path",
        "_protocol",
        "_route_metadata",
        "_scheme",
        "_source",
    )

    def __init__(self, octets: bytes, metadata: Metadata, address: ClientAddress) -> None:
        super().__init__(metadata, address)
        self._octets = octets
        self._source: Span = (0, 0)
        self._destination: Span = (0, 0)
        self._filter_metadata: Span = (0, 0)
        self._header_run: Span = (0, 0)
        self._id: Span = (0, 0)
        self._method: Span = (0, 0)
        self._path: Span = (0, 0)
        self._authority: Span = (0, 0)
        self._scheme: Span = (0, 0)
        self._protocol: Span = (0, 0)
        self._route_metadata = ""
        self._has_route = False

    def header(self, name: str) -> str | None:
        """The last header of that name, as in protobuf's map."""
        if not name.isascii() or not name:
            return None
        octets = self._octets
        at, end = self._header_run
        value = last_value(octets, at, end, name.encode())
        return self._text(content(octets, value + 1, end)) if value else None

    @property
    def headers(self) -> Mapping[str, str]:
        """All headers."""
        at, end = self._header_run
        return pairs(self._octets, at, end)

    def odd_names(self, lengths: i64, prefix: bytes = b"") -> Sequence[str]:
        """Found without making strings of the other names, since every Check asks for this."""
        at, end = self._header_run
        return odd_keys(self._octets, at, end, lengths, prefix)

    @property
    def may_override_method(self) -> bool:
        """Found without making strings of names, like `odd_names`."""
        at, end = self._header_run
        return may_override_method(self._octets, at, end)

    @property
    def path(self) -> str:
        """Envoy's `path`."""
        return self._text(self._path)

    @property
    def authority(self) -> str:
        """Envoy's `host`."""
        return self._text(self._authority)

    @property
    def scheme(self) -> str:
        """Envoy's `scheme`."""
        return self._text(self._scheme)

    @property
    def protocol(self) -> str:
        """Envoy's `protocol`."""
        return self._text(self._protocol)

    @property
    def route_metadata(self) -> str:
        """See `RequestAttributes`."""
        return self._route_metadata

    @property
    def source(self) -> bytes:
        """Envoy's `source`."""
        start, stop = self._source
        return self._octets[start:stop]

    @property
    def destination(self) -> bytes:
        """Envoy's `destination`."""
        start, stop = self._destination
        return self._octets[start:stop]

    @property
    def filter_metadata(self) -> bytes:
        """Envoy's `metadata_context`."""
        start, stop = self._filter_metadata
        return self._octets[start:stop]

    def _text(self, span: Span) -> str:
        start, stop = span
        return self._octets[start:stop].decode()
