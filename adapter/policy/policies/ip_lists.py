"""ip-allowlist and ip-blocklist: filter requests by the client's address."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final, TypeAlias

from pydantic import AfterValidator, Field

from adapter.policy.effects.effect import Verdict
from adapter.policy.evaluation import Evaluation
from adapter.policy.expression import Expression, Failed, compile_expression
from adapter.policy.policies.shared.addresses import (
    AddressSet,
    Network,
    parse_address,
    parse_network,
)
from adapter.policy.policies.shared.configuration import (
    Configuration,
    read_configuration,
)
from adapter.policy.policies.shared.request_expression import RequestExpression
from adapter.policy.rule import Rule
from adapter.policy.verdicts import CONTINUE, Deny, DenyReason

DEFAULT_EXPRESSION: Final = "#[attributes.headers['x-forwarded-for']]"

ADDRESS_UNKNOWN: Final = Deny(
    DenyReason.ADDRESS_UNKNOWN,
    403,
    "Access denied by the client's address",
    detail="Envoy attests no client address on this route; set requests.client_address_header, or "
    "client_address: attested in the route's context_extensions if Envoy overwrites the header",
)
ADDRESS_UNREADABLE: Final = Deny(
    DenyReason.ADDRESS_UNKNOWN,
    403,
    "Access denied by the client's address",
    detail="the value that Envoy attests or ipExpression returns is not exactly one IP address",
)
ADDRESS_REFUSED: Final = Deny(
    DenyReason.ADDRESS_REFUSED, 403, "Access denied by the client's address"
)


def _network(text: str) -> Network:
    try:
        return parse_network(text)
    except ValueError:
        raise ValueError(
            "is not an address, a CIDR block such as 192.0.2.0/24, or leading octets such as "
            "192.168"
        ) from None


class IpList(Configuration):
    """Filters requests by the client's address."""

    ips: Annotated[
        list[Annotated[str, AfterValidator(_network)]],
        Field(min_length=1, examples=[["192.0.2.0/24", "2001:db8::1"]]),
    ]
    """Addresses, CIDR blocks, or leading octets of an IPv4 address such as `192.168`."""
    ip_expression: RequestExpression = DEFAULT_EXPRESSION
    """Where the client's address is. With the default, it is the address that Envoy attests."""


class IpAllowlist(IpList):
    """Allows only clients with one of the addresses."""


class IpBlocklist(IpList):
    """Denies clients with one of the addresses."""


AddressSource: TypeAlias = Callable[[Evaluation], str | Deny]


def compile_ip_allowlist(given: Mapping[str, Any]) -> Rule:
    """Compile the policy that allows only the listed addresses; raises PolicyError."""
    return _compile(given, allowed_when_listed=True)


def compile_ip_blocklist(given: Mapping[str, Any]) -> Rule:
    """Compile the policy that denies the listed addresses; raises PolicyError."""
    return _compile(given, allowed_when_listed=False)


def _compile(given: Mapping[str, Any], *, allowed_when_listed: bool) -> Rule:
    configuration = read_configuration(IpList, given)
    listed = AddressSet(configuration.ips)  # type: ignore[arg-type]
    expression = compile_expression(configuration.ip_expression or DEFAULT_EXPRESSION)
    address_text = _address_source(expression)

    def evaluate(evaluation: Evaluation) -> Verdict:
        text = address_text(evaluation)
        if isinstance(text, Deny):
            return text
        address = parse_address(text.strip())
        if address is None:
            return ADDRESS_UNREADABLE
        return CONTINUE if (address in listed) is allowed_when_listed else ADDRESS_REFUSED

    return Rule(
        evaluate,
        expression.inspects_path,
        inspects_method=expression.inspects_method,
        judges_connections=_is_attested(expression),
    )


def _is_attested(expression: Expression) -> bool:
    """Whether the address is the one that Envoy attests, whatever the request says."""
    return "x-forwarded-for" in expression.headers


def _address_source(expression: Expression) -> AddressSource:
    """Returns the function that reads the client's address.

    The vendor's default reads the first entry of `x-forwarded-for`, which clients can write. So an
    expression that reads this header gets the address that Envoy attests instead.
    """
    if _is_attested(expression):
        return lambda evaluation: evaluation.request.client_address or ADDRESS_UNKNOWN

    def read(evaluation: Evaluation) -> str | Deny:
        text = expression.text(evaluation)
        return ADDRESS_UNREADABLE if not text or isinstance(text, Failed) else text

    return read
