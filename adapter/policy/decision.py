# mypyc: compiled
"""The decision on a request: what all verdicts add up to."""

from typing import Any, Final, NamedTuple, TypeAlias

from mypy_extensions import mypyc_attr

from adapter.policy.catalog import ApiInstance, PolicyRef
from adapter.policy.value import Value
from adapter.policy.verdicts import Deny, DirectResponse, Edit, Header, Identity


@mypyc_attr(acyclic=True)
class Allowed(Value):
    """The request may pass, changed like this."""

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
        """None where the operator lets unbound requests pass."""
        self.revision: Final = revision
        self.identity: Final = identity
        self.edits: Final = edits
        """What the upstream shall see otherwise than the client sent it; each name once."""
        self.response_headers: Final = response_headers
        self.append_response_headers: Final = append_response_headers
        self.appended: Final = appended
        """What Envoy appends to request headers that the client sent; none of them is edited."""

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
    """The request is refused: `deny` says why, the rest says where."""

    deny: Deny
    revision: int
    api: ApiInstance | None = None
    policy: PolicyRef | None = None
    """The policy that refused; None if it was not a policy."""
    identity: Identity | None = None
    response_headers: tuple[Header, ...] = ()
    append_response_headers: tuple[Header, ...] = ()


class Answered(NamedTuple):
    """The request is answered here and goes no further, though nothing is wrong with it."""

    response: DirectResponse
    revision: int
    api: ApiInstance | None = None
    identity: Identity | None = None
    response_headers: tuple[Header, ...] = ()
    append_response_headers: tuple[Header, ...] = ()


Decision: TypeAlias = Allowed | Denied | Answered
