"""message-logging: writes messages to the adapter's log."""

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final, Literal, NamedTuple

from pydantic import AfterValidator, Field

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


def _no_responses(wanted: bool) -> bool:
    if wanted:
        raise ValueError(
            "is not supported: Envoy's external authorization sees no responses; set it to false"
        )
    return wanted


class MessageItem(Configuration):
    """One message."""

    message: Annotated[
        ExpressionSource,
        AfterValidator(_without_credentials),
        Field(examples=["#['request to ' ++ attributes.requestPath]"]),
    ]
    """What to log: an expression or plain text."""
    conditional: Annotated[
        ExpressionSource,
        AfterValidator(_condition),
        Field(examples=["#[attributes.headers['x-debug'] == 'true']"]),
    ] = ""
    """Log only if this expression is true. Empty: always."""
    category: Annotated[str, Field(max_length=200)] = ""
    """A name for the messages in the log. Empty: the policy's id."""
    level: Annotated[Literal["DEBUG", "INFO", "WARN", "ERROR"], Field(examples=["INFO"])]
    """The level of the message in the log."""
    first_section: bool = True
    """Whether to log before the request goes on."""
    second_section: Annotated[bool, AfterValidator(_no_responses)] = False
    """Whether to log after the response. This is not supported: leave it false."""

    @classmethod
    def used(cls, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """See `Configuration.used`: a message that is never logged is not validated."""
        if given.get("firstSection") is False or _is_never(given.get("conditional")):
            return {**given, "message": "", "firstSection": False, "conditional": ""}
        return given


class LoggingConfiguration(Configuration):
    """A named message."""

    item_name: str = ""
    """A name for administrators."""
    item_data: Annotated[MessageItem, Field(examples=[{"message": "a request", "level": "INFO"}])]
    """The message."""


class MessageLogging(Configuration):
    """Writes messages to the adapter's log."""

    logging_configuration: Annotated[
        list[LoggingConfiguration],
        Field(
            min_length=1,
            max_length=100,
            examples=[[{"itemData": {"message": "a request", "level": "INFO"}}]],
        ),
    ]
    """The messages. Each is logged separately."""


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
