"""header-injection: headers that the upstream, or the client, is to see."""

import re
from collections.abc import Iterable
from typing import Annotated, Final, TypeAlias

from pydantic import AfterValidator, Field, field_validator

from adapter.policy.catalog import AppliedPolicy
from adapter.policy.decision import Continue, Deny, DenyReason, Header, Verdict
from adapter.policy.evaluation import Evaluation, Rule
from adapter.policy.expression import Expression, Failed, compile_expression
from adapter.policy.policies.configuration import (
    Configuration,
    ExpressionSource,
    read_configuration,
)

OVERRIDDEN: Final = frozenset({"content-type", "access-control-allow-origin"})
"""Headers that make sense once only: the injected value takes the place of what is there."""

_HOP_BY_HOP: Final = {"connection", "keep-alive", "proxy-connection", "te", "trailer", "upgrade"}

UNTOUCHABLE: Final = _HOP_BY_HOP | {"content-length", "host", "transfer-encoding"}
"""Headers that say where a message goes and how it is framed: to inject them is to smuggle."""

_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_UNFIT_VALUE: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")


def _injectable(name: str) -> str:
    if _NAME.fullmatch(name) is None:
        raise ValueError("not the name of a header (RFC 9110, 5.1)")
    if name.lower() in UNTOUCHABLE:
        raise ValueError(f"{name.lower()} cannot be injected: it belongs to the connection")
    return name.lower()


class InjectedHeader(Configuration):
    """One header; its value is an expression or plain text."""

    key: Annotated[str, AfterValidator(_injectable)]
    value: ExpressionSource

    @field_validator("value")
    @classmethod
    def _fit_for_a_header(cls, value: str) -> str:
        if not value.lstrip().startswith("#[") and _UNFIT_VALUE.search(value):
            raise ValueError("control characters cannot be in a header's value")
        return value


class HeaderInjection(Configuration):
    """What to add towards the upstream, and towards the client."""

    inbound_headers: Annotated[tuple[InjectedHeader, ...], Field(max_length=100)] = ()
    outbound_headers: Annotated[tuple[InjectedHeader, ...], Field(max_length=100)] = ()

    @field_validator("outbound_headers")
    @classmethod
    def _once_each(cls, headers: tuple[InjectedHeader, ...]) -> tuple[InjectedHeader, ...]:
        names = [header.key for header in headers]
        if len(set(names)) < len(names):
            raise ValueError("each header can be injected into a response once only")
        return headers


def compile_header_injection(policy: AppliedPolicy) -> Rule:
    """Compile the policy; raises PolicyError."""
    configuration = read_configuration(HeaderInjection, policy)
    inbound = _templates(configuration.inbound_headers)
    outbound = _templates(configuration.outbound_headers)
    expressions = [expression for _, expression in (*inbound, *outbound)]
    inspects_path = any(expression.inspects_path for expression in expressions)

    def evaluate(evaluation: Evaluation) -> Verdict:
        requested = _headers(inbound, evaluation)
        returned = _headers(outbound, evaluation)
        if isinstance(requested, Deny):
            return requested
        if isinstance(returned, Deny):
            return returned
        return _verdict(requested, returned)

    if any(expression.literal is None for expression in expressions):
        return Rule(evaluate, inspects_path)
    verdict = _verdict(_literals(inbound), _literals(outbound))
    return Rule(lambda _: verdict)


_Template: TypeAlias = tuple[str, Expression]


def _templates(headers: Iterable[InjectedHeader]) -> tuple[_Template, ...]:
    return tuple((header.key, compile_expression(header.value)) for header in headers)


def _literals(templates: Iterable[_Template]) -> tuple[Header, ...]:
    return tuple((name, expression.literal or "") for name, expression in templates)


def _headers(templates: Iterable[_Template], evaluation: Evaluation) -> tuple[Header, ...] | Deny:
    """The headers for this request; one whose value is null is left out."""
    headers: list[Header] = []
    for name, expression in templates:
        value = expression.text(evaluation)
        if isinstance(value, Failed):
            return _failed(name, value.why)
        if value is not None:
            if _UNFIT_VALUE.search(value):
                return _failed(name, "the value has characters that no header may have")
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
        set_headers=tuple(header for header in inbound if header[0] in OVERRIDDEN),
        append_headers=tuple(header for header in inbound if header[0] not in OVERRIDDEN),
        response_headers=outbound,
    )
