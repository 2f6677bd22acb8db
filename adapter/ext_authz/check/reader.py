# mypyc: compiled
"""From Envoy's CheckRequest to the attributes that policies see."""

from adapter.ext_authz.check.fast_reader import scan
from adapter.ext_authz.check.protobuf_reader import parse
from adapter.ext_authz.check.request import ClientAddress, EnvoyRequest
from adapter.policy.verdicts import Deny
from adapter.runtime.compiled import COMPILED
from adapter.transport.service import Metadata


class RequestReader:
    """Reads Checks; see `ClientAddress` for its arguments.

    `scanning`: whether to try `scan` first, which pays where it is compiled.
    """

    def __init__(
        self,
        client_address_header: str | None = None,
        forwarded_for_position: int | None = None,
        *,
        scanning: bool = COMPILED,
    ) -> None:
        self._address = ClientAddress(client_address_header, forwarded_for_position)
        self._scanning = scanning

    def read(self, message: bytes, metadata: Metadata) -> EnvoyRequest | Deny:
        """The attributes, or why there are none to decide by: the bytes are no CheckRequest, say.

        Clients reach into this message: a string that is not UTF-8 must become a denial. An error
        would let the request pass under `failure_mode_allow`.
        """
        if self._scanning:
            request = scan(message, metadata, self._address)
            if request is not None:
                return request
        return parse(message, metadata, self._address)
