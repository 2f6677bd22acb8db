# mypyc: compiled
"""Reads Envoy's CheckRequest into the request attributes that policies see."""

from adapter.ext_authz.check import fast_reader, protobuf_reader
from adapter.ext_authz.check.head_size import obstacle_in_head
from adapter.ext_authz.check.request import ClientAddress, EnvoyRequest
from adapter.policy.verdicts import Deny
from adapter.runtime.compiled import COMPILED
from adapter.transport.service import Metadata


class RequestReader:
    """Reads Checks. See `ClientAddress` for the first two arguments.

    `try_fast_reader`: whether to try the fast reader first. It is faster only in a compiled build.
    """

    def __init__(
        self,
        client_address_header: str | None = None,
        forwarded_for_position: int | None = None,
        *,
        try_fast_reader: bool = COMPILED,
    ) -> None:
        self._address = ClientAddress(client_address_header, forwarded_for_position)
        self._try_fast_reader = try_fast_reader

    def read(self, message: bytes, metadata: Metadata) -> EnvoyRequest | Deny:
        """Return the attributes, or a denial if the bytes are not a CheckRequest we can decide.

        Clients control parts of this message. A string that is not UTF-8, for instance, has to
        become a denial: after an error, Envoy would allow the request with
        `failure_mode_allow`.
        """
        obstacle = obstacle_in_head(message)
        if obstacle is not None:
            return obstacle
        if self._try_fast_reader:
            request = fast_reader.read(message, metadata, self._address)
            if request is not None:
                return request
        return protobuf_reader.read(message, metadata, self._address)
