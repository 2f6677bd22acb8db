"""Everything that can fail here, by whose fault it is.

A denial is a value (`policy.decision.Deny`); only what we could not decide is an exception.

    AdapterError
    ├── ConfigurationError       the operator's settings; the program does not start
    │   └── BindingsFileError    the file with the operator's bindings
    ├── PolicyError              a policy that we cannot enforce; closes its API
    │   └── ExpressionError      an expression outside the supported subset
    ├── PlatformError            the API management platform
    │   ├── PlatformUnavailableError   unreachable, too slow, 429, 5xx: try again later
    │   ├── PlatformRefusedError       401 or 403: our credentials or their rights
    │   ├── PlatformNotFoundError      404: the thing is gone
    │   ├── PlatformRejectedError      another 4xx: what we sent is wrong
    │   ├── DocumentError        an answer that is not what the protocol says
    │   └── EnvironmentFileError       the file that replaces the platform cannot be used
    ├── ProviderError            an identity provider that gave no usable answer
    ├── StoreError               a quota store that could not answer
    ├── OverloadError            too many Checks wait for the same thing
    └── RpcError                 an answer to a gRPC call that is not OK
"""

from typing import NamedTuple


class AdapterError(Exception):
    """The root: whatever this program raises on purpose."""


class ConfigurationError(AdapterError):
    """The operator's settings cannot be used; the message lists every fault with its fix."""


class BindingsFileError(ConfigurationError):
    """The file with the bindings cannot be used; `faults` has a line for each thing that is wrong.

    A running adapter keeps the bindings that it has.
    """

    def __init__(self, *faults: str) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


class PolicyFault(NamedTuple):
    """What is wrong with one field of a policy."""

    field: str
    """Its path, such as `rateLimits.0.maximumRequests`; empty for the policy as a whole."""
    message: str


class PolicyError(AdapterError):
    """A policy that cannot be enforced as the platform describes it.

    `faults` are the fields that are to blame; empty if the whole policy is.
    """

    def __init__(self, message: str, faults: tuple[PolicyFault, ...] = ()) -> None:
        super().__init__(message)
        self.faults = faults


class ExpressionError(PolicyError):
    """An expression that is outside the supported subset, or that does not parse."""


class PlatformError(AdapterError):
    """The platform did not give a usable answer: `what` was asked, and `why` it failed.

    Requests that fail for the same reason have the same `why`, so that it is reported once.
    """

    def __init__(self, why: str, *, what: str = "") -> None:
        super().__init__(f"{what}: {why}" if what else why)
        self.why = why
        self.what = what


class PlatformUnavailableError(PlatformError):
    """Unreachable, too slow or overloaded (429, 5xx); the last good state stays.

    `retry_after_s` is what the platform asked for in `Retry-After` (RFC 9110, 10.2.3), if it did.
    `status` is that of its answer, if it gave one.
    """

    def __init__(
        self,
        why: str,
        *,
        what: str = "",
        retry_after_s: float | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(why, what=what)
        self.retry_after_s = retry_after_s
        self.status = status


class PlatformRefusedError(PlatformError):
    """401 or 403: the gateway's credentials are wrong or lack a right."""


class PlatformNotFoundError(PlatformError):
    """404: the platform does not know the thing."""


class PlatformRejectedError(PlatformError):
    """Another 4xx: the same request will fail again."""

    def __init__(self, why: str, *, status: int, what: str = "") -> None:
        super().__init__(why, what=what)
        self.status = status


class DocumentError(PlatformError):
    """The answer is not what the protocol says: not JSON, cut off, too large, wrong types."""


class EnvironmentFileError(PlatformError):
    """The environment file cannot be used; `faults` has a line for each thing that is wrong."""

    def __init__(self, *faults: str) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


class ProviderError(AdapterError):
    """An identity provider could not be reached, was too slow, or answered something unusable."""


class StoreError(AdapterError):
    """A store (of quotas, say) could not answer in time."""


class OverloadError(AdapterError):
    """A Check has to wait for something that too many others wait for already.

    Clients of identity providers raise it (`identity.ldap.server`). The caller of the Check gets
    RESOURCE_EXHAUSTED, never an ALLOW. Quota stores do not raise it: they refuse a charge.
    """


class RpcError(AdapterError):
    """A gRPC status other than OK (numbers: gRPC's statuscodes.md)."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class UnreadyError(RpcError):
    """UNAVAILABLE: this process cannot decide yet, but another adapter may, so Envoy retries."""

    def __init__(self, message: str) -> None:
        super().__init__(14, message)
