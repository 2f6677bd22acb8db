"""Which API a request belongs to, and when Checks are decided."""

from typing import Annotated, Final, Literal

from pydantic import (
    Field,
    model_validator,
)

from adapter.settings.groups.group import Group
from adapter.settings.values import (
    AS_LIST,
    FilledPath,
    FilledText,
    HeaderName,
    Seconds,
    of_form,
)

_ENVOYS: Final = (
    *("accept-encoding", "content-type", "transfer-encoding", "cache-control", "if-match"),
    *(
        "sec-websocket-key",
        "user-agent",
        "x-request-id",
        "x-forwarded-for",
        "x-envoy-attempt-count",
    ),
)
"""Headers that clients and Envoy need, whose first words are no prefix for the adapter's own."""


class BindingSettings(Group):
    """Requests that belong to an API, for routes without `api_id` in their configuration."""

    api_id: FilledText
    route_name: str = ""
    """Envoy's route name, sent as gRPC metadata `x-route-name: %ROUTE_NAME%`."""
    route_metadata: str = ""
    """`HTTPRoute/namespace/name` of Envoy Gateway, with `#rule` for a rule that has a name, or
    Istio's `config` path."""
    authority: str = ""
    """Host of the request: a name, `*.example.com` or `*`. Safe only if Envoy's virtual host
    lists the same domains."""
    path_prefix: Annotated[str, of_form("/.*", "begin with /")] = "/"
    destination_principal: str = ""
    """Whom Envoy's own certificate names, such as `spiffe://cluster.local/ns/shop/sa/orders`: the
    workload behind a sidecar."""
    destination_port: Annotated[int, Field(ge=0, le=65_535)] = 0
    """The port that the client connects to, alone or with `destination_principal`. 0: any."""

    @model_validator(mode="after")
    def _one_way(self) -> "BindingSettings":
        destination = self.destination_principal or self.destination_port
        ways = self.route_name, self.route_metadata, self.authority, destination
        if sum(map(bool, ways)) != 1:
            raise ValueError(
                "set exactly one of route_name, route_metadata, authority and a destination "
                "(destination_principal, destination_port or both)"
            )
        if self.path_prefix != "/" and not self.authority:
            raise ValueError("path_prefix goes with authority only")
        return self


class RequestSettings(Group):
    """How a request's API and its client's address are found."""

    client_address_header: HeaderName | None = None
    """Request header that Envoy overwrites with the client's address on every route.

    Default: `x-adapter-client-address`, on routes with `client_address: attested` in their
    `context_extensions`.
    """
    forwarded_for_position: Annotated[int, Field(ge=1)] | None = None
    """Instead of that header: the entry of `x-forwarded-for` to use, counted from the right."""
    identity_header_prefix: Annotated[
        str,
        of_form(
            "[a-z][a-z0-9-]*-",
            "have small letters, digits and hyphens, and end with a hyphen, such as x-adapter-",
        ),
    ] = "x-adapter-"
    """Prefix of the headers that tell the upstream who the client is. Clients' own headers that
    begin with it, in any spelling, are removed."""
    decision_id_header: bool = True
    """Whether denials have the header `x-adapter-decision-id` (with the prefix above)."""
    bindings: Annotated[tuple[BindingSettings, ...], AS_LIST] = ()
    bindings_file: FilledPath | None = None
    """YAML file with the rows of `bindings` instead of them. A running adapter takes over each
    change of it (`settings.bindings_file`)."""
    unbound: Literal["deny", "allow"] = "deny"
    """What to do with requests that belong to no API."""

    @model_validator(mode="after")
    def _bindings_in_one_place(self) -> "RequestSettings":
        if self.bindings and self.bindings_file is not None:
            raise ValueError(
                "set only one of bindings and bindings_file; move the bindings into the file"
            )
        return self

    @model_validator(mode="after")
    def _own_prefix(self) -> "RequestSettings":
        if self.identity_header_prefix.startswith("x-agw-"):
            raise ValueError(
                "identity_header_prefix cannot begin with x-agw-: policies with exposeHeaders "
                "write these headers; choose another prefix"
            )
        covered = [name for name in _ENVOYS if name.startswith(self.identity_header_prefix)]
        if covered:
            raise ValueError(
                "identity_header_prefix must be longer: clients' headers that begin with it are "
                f"removed, and {covered[0]} is one of them; choose a prefix such as x-adapter-"
            )
        return self


class GatekeeperSettings(Group):
    """When Checks are decided from what was loaded."""

    mode: Literal["flexible", "strict"] = "flexible"
    """`flexible`: the disk copy is enough. `strict`: the platform must have been reached since the
    start."""
    max_age_s: Seconds | None = None
    """Deny requests once the platform has not been reached for this long. Default: never."""
