"""message-logging: writes messages to the adapter's log."""

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final, Literal, NamedTuple

from pydantic import AfterValidator, Field, field_validator

from adapter.policy.effects.effect import Verdict
from adapter.policy.effects.log import Log, LogMessage
from adapter.policy.evaluation import Evaluation
from adapter.policy.expression import Expression, Failed, compile_expression
from adapter.policy.policies.shared.configuration import (
    Configuration,
    ExpressionSource,
    read_configuration,
)
from adapter.policy.rule import Rule
from adapter.policy.verdicts import CONTINUE

MAX_MESSAGE_CHARS: Final = 4_096
_MAX_CLEANED_CHARS: Final = 512
"""A message with control characters is cut to this length. Replacing them is the slowest part of
this policy, and clients may have sent them."""

CREDENTIAL_HEADERS: Final = frozenset(
    {"authorization", "client_secret", "cookie", "proxy-authorization"}
)
"""Headers whose values must not be logged."""

_MORE_THAN_ONE_LINE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def _without_credentials(source: str) -> str:
    secret = sorted(compile_expression(source).headers & CREDENTIAL_HEADERS)
    if secret:
        raise ValueError(f"must not read {', '.join(secret)}, because this would log credentials")
    return source


def _condition(source: str) -> str:
    if not source.lstrip().startswith("#[") and source.strip().lower() not in ("", "true", "false"):
        raise ValueError("must be true, false or an expression, #[...]")
    return source


def _is_never(condition: Any) -> bool:
    return isinstance(condition, str) and condition.strip().lower() == "false"


class MessageItem(Configuration):
    """One message."""

    message: Annotated[ExpressionSource, AfterValidator(_without_credentials)]
    conditional: Annotated[ExpressionSource, AfterValidator(_condition)] = ""
    category: Annotated[str, Field(max_length=200)] = ""
    level: Literal["DEBUG", "INFO", "WARN", "ERROR"]
    first_section: bool = True
    """Log before the request goes on."""
    second_section: bool = False
    """Log after the response; not supported."""

    @classmethod
    def used(cls, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """See `Configuration.used`: a message that is never logged is not validated."""
        if given.get("firstSection") is False or _is_never(given.get("conditional")):
            return {**given, "message": "", "firstSection": False, "conditional": ""}
        return given

    @field_validator("second_section")
    @classmethod
    def _no_responses(cls, wanted: bool) -> bool:
        if wanted:
            raise ValueError("is not supported: Envoy's external authorization sees no responses")
        return wanted


class LoggingConfiguration(Configuration):
    """A named message."""

    item_name: str = ""
    item_data: MessageItem


class MessageLogging(Configuration):
    """The messages; each is logged separately."""

    logging_configuration: Annotated[
        tuple[LoggingConfiguration, ...], Field(min_length=1, max_length=100)
    ]


class _Template(NamedTuple):
    """A message, compiled."""

    level: Literal["debug", "info", "warning", "error"]
    category: str
    text: Expression
    wanted: Callable[[Evaluation], bool]


_LEVELS: Final[Mapping[str, Literal["debug", "info", "warning", "error"]]] = {
    "DEBUG": "debug",
    "INFO": "info",
    "WARN": "warning",
    "ERROR": "error",
}


def compile_message_logging(given: Mapping[str, Any]) -> Rule:
    """Compile the policy; raises PolicyError."""
    configuration = read_configuration(MessageLogging, given)
    items = [item.item_data for item in configuration.logging_configuration]
    templates = tuple(_template(item) for item in items if item.first_section)

    def evaluate(evaluation: Evaluation) -> Verdict:
        messages = tuple(_message(t, evaluation) for t in templates if t.wanted(evaluation))
        return Log(messages) if messages else CONTINUE

    return Rule(evaluate)


def _template(item: MessageItem) -> _Template:
    message, wanted = compile_expression(item.message), _wanted(item.conditional)
    return _Template(_LEVELS[item.level], item.category, message, wanted)


def _message(template: _Template, evaluation: Evaluation) -> LogMessage:
    category = template.category or f"policy-{evaluation.policy.policy_id}"
    return LogMessage(
        template.level, category, _one_line(template.text, evaluation), evaluation.api_id
    )


def _wanted(source: str) -> Callable[[Evaluation], bool]:
    """Whether to log. An expression that is not true, or that fails, means no."""
    condition = compile_expression(source)
    if condition.literal is not None:
        always = condition.literal.strip().lower() != "false"
        return lambda _: always

    def wanted(evaluation: Evaluation) -> bool:
        value = condition.evaluate(evaluation)
        return value is True or value == "true"

    return wanted


def _one_line(text: Expression, evaluation: Evaluation) -> str:
    """The message on one line, so that clients cannot forge log lines."""
    value = text.text(evaluation)
    if isinstance(value, Failed):
        value = f"the message could not be computed: {value.why}"
    line = (value or "")[:MAX_MESSAGE_CHARS]
    if _MORE_THAN_ONE_LINE.search(line) is None:
        return line
    return _MORE_THAN_ONE_LINE.sub(" ", line[:_MAX_CLEANED_CHARS])
