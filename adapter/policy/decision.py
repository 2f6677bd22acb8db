# mypyc: compiled
"""The decision on a request: the result of all policies.

Exactly one of `Allowed`, `Denied` and `Answered`. `ext_authz/response` turns it into Envoy's
message; `authorization/decision_record.py` turns it into what analytics see.
"""

from typing import Any, Final, NamedTuple, TypeAlias

from mypy_extensions import mypyc_attr

from adapter.policy.catalog import ApiInstance, PolicyRef
from adapter.policy.value import Value
from adapter.policy.verdicts import Deny, DirectResponse, Edit, Header, Identity


@mypyc_attr(acyclic=True)
class Allowed(Value):
    """The request may pass, with these changes."""

    __slots__ = (
        "api",
        "append_response_headers",
        "appended",
        "edits",
        "identity",
        "response_headers",
        "revision",
    )

    def __init__(
        self,
        api: ApiInstance | None,
        revision: int,
        identity: Identity | None = None,
        edits: tuple[Edit, ...] = (),
        response_headers: tuple[Header, ...] = (),
        append_response_headers: tuple[Header, ...] = (),
        appended: tuple[Header, ...] = (),
    ) -> None:
        self.api: Final = api
        """None if the request belongs to no API and the operator allows such requests."""
        self.revision: Final = revision
        self.identity: Final = identity
        self.edits: Final = edits
        """Changes to request headers; each name occurs once."""
        self.response_headers: Final = response_headers
        self.append_response_headers: Final = append_response_headers
        self.appended: Final = appended
        """Values that Envoy appends to request headers of the client. None of these headers is in
        `edits`."""

    def held(self) -> tuple[Any, ...]:
        """See `Value`."""
        return (
            self.api,
            self.revision,
            self.identity,
            self.edits,
            self.response_headers,
            self.append_response_headers,
            self.appended,
        )


class Denied(NamedTuple):
    """The request is refused; `deny` says why."""

    deny: Deny
    revision: int
    api: ApiInstance | None = None
    policy: PolicyRef | None = None
    """The policy that refused; None if no policy did (the API is closed, for example)."""
    identity: Identity | None = None
    response_headers: tuple[Header, ...] = ()
    append_response_headers: tuple[Header, ...] = ()


class Answered(NamedTuple):
    """The adapter responds itself, though nothing is wrong with the request (a CORS preflight)."""

    response: DirectResponse
    revision: int
    api: ApiInstance | None = None
    identity: Identity | None = None
    response_headers: tuple[Header, ...] = ()
    append_response_headers: tuple[Header, ...] = ()


Decision: TypeAlias = Allowed | Denied | Answered
