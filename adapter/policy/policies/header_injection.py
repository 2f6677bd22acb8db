"""header-injection: adds headers to the request or to the response."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Annotated, Any, Final, TypeAlias

from pydantic import AfterValidator, Field

from adapter.policy.effects.effect import Verdict
from adapter.policy.evaluation import Evaluation
from adapter.policy.expression import Expression, Failed, compile_expression
from adapter.policy.policies.shared.configuration import (
    Configuration,
    ExpressionSource,
    read_configuration,
)
from adapter.policy.policies.shared.header_values import (
    RequestHeaderName,
    ResponseHeaderName,
    is_fit_for_a_header,
)
from adapter.policy.rule import Rule, always
from adapter.policy.verdicts import Continue, Deny, DenyReason, Header

OVERRIDDEN: Final = frozenset({"content-type", "access-control-allow-origin"})
"""Headers that may occur only once, so the injected value replaces the existing one."""

NOTHING_ADDED: Final = "inboundHeaders and outboundHeaders are empty, so the policy adds nothing"


def _fit_for_a_header(value: str) -> str:
    if not value.lstrip().startswith("#[") and not is_fit_for_a_header(value):
        raise ValueError("control characters are not allowed in a header's value")
    return value


InjectedValue = Annotated[ExpressionSource, AfterValidator(_fit_for_a_header)]
"""An expression or plain text."""


class RequestHeader(Configuration):
    """A header for the service."""

    key: Annotated[RequestHeaderName, Field(examples=["x-tenant"])]
    """The name of the header."""
    value: Annotated[InjectedValue, Field(examples=["#[authentication.clientId]"])]
    """The value of the header: an expression or plain text."""


class ResponseHeader(Configuration):
    """A header for the client."""

    key: Annotated[ResponseHeaderName, Field(examples=["x-served-by"])]
    """The name of the header."""
    value: Annotated[InjectedValue, Field(examples=["gateway"])]
    """The value of the header: an expression or plain text."""


class HeaderInjection(Configuration):
    """Adds headers to requests and to responses."""

    inbound_headers: Annotated[tuple[RequestHeader, ...], Field(max_length=100)] = ()
    """Headers that the request gets on its way to the service."""
    outbound_headers: Annotated[tuple[ResponseHeader, ...], Field(max_length=100)] = ()
    """Headers that the response gets on its way to the client."""


def compile_header_injection(given: Mapping[str, Any]) -> Rule:
    """Compile the policy; raises PolicyError."""
    configuration = read_configuration(HeaderInjection, given)
    inbound = _templates(configuration.inbound_headers)
    outbound = _templates(configuration.outbound_headers)
    expressions = [expression for _, expression in (*inbound, *outbound)]
    names = frozenset(name for name, _ in (*inbound, *outbound))

    def evaluate(evaluation: Evaluation) -> Verdict:
        requested = _headers(inbound, evaluation)
        returned = _headers(outbound, evaluation)
        if isinstance(requested, Deny):
            return requested
        if isinstance(returned, Deny):
            return returned
        return _verdict(requested, returned)

    if any(expression.literal is None for expression in expressions):
        return Rule(
            evaluate,
            any(expression.inspects_path for expression in expressions),
            set_headers=names,
            inspects_method=any(expression.inspects_method for expression in expressions),
        )
    verdict = _verdict(_literals(inbound), _literals(outbound))
    warnings = () if names else (NOTHING_ADDED,)
    return replace(always(verdict), set_headers=names, warnings=warnings)


_Template: TypeAlias = tuple[str, Expression]


def _templates(headers: Iterable[RequestHeader | ResponseHeader]) -> tuple[_Template, ...]:
    return tuple((header.key, compile_expression(header.value)) for header in headers)


def _literals(templates: Iterable[_Template]) -> tuple[Header, ...]:
    return tuple((name, expression.literal or "") for name, expression in templates)


def _headers(templates: Iterable[_Template], evaluation: Evaluation) -> tuple[Header, ...] | Deny:
    """The headers for this request. A header whose value is null is left out."""
    headers: list[Header] = []
    for name, expression in templates:
        value = expression.text(evaluation)
        if isinstance(value, Failed):
            return _failed(name, value.why)
        if value is not None:
            if not is_fit_for_a_header(value):
                return _failed(name, "the value has control characters")
            headers.append((name, value))
    return tuple(headers)


def _failed(name: str, why: str) -> Deny:
    return Deny(
        DenyReason.EXPRESSION_FAILED,
        500,
        "A header for this request could not be computed",
        f"{name}: {why}",
    )


def _verdict(inbound: tuple[Header, ...], outbound: tuple[Header, ...]) -> Continue:
    return Continue(
        set_headers=_overridden(inbound),
        append_headers=_appended(inbound),
        response_headers=_overridden(outbound),
        append_response_headers=_appended(outbound),
    )


def _overridden(headers: tuple[Header, ...]) -> tuple[Header, ...]:
    return tuple(header for header in headers if header[0] in OVERRIDDEN)


def _appended(headers: tuple[Header, ...]) -> tuple[Header, ...]:
    return tuple(header for header in headers if header[0] not in OVERRIDDEN)
