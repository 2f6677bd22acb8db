"""message-logging, as its page in docs/policies says."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.policy.effects.log import LogMessage
from adapter.policy.policies.message_logging import CREDENTIAL_HEADERS, MAX_MESSAGE_CHARS
from adapter.policy.verdicts import DenyReason
from tests.builders import applied
from tests.unit.policy.gateway import Gateway, a_request


def logging_policy(*items: dict[str, Any]) -> Any:
    """A policy with those items."""
    configuration = [
        {"itemName": f"item {n}", "itemData": {"message": "hello", "level": "INFO"} | item}
        for n, item in enumerate(items)
    ]
    return applied("message-logging", {"loggingConfiguration": configuration})


def logged(gateway: Gateway, headers: dict[str, str] | None = None) -> list[str]:
    """What one request leaves in the log."""
    gateway.messages.clear()
    gateway.allows(a_request(headers, method="GET", path="/a?b=c"))
    return [message.text for message in gateway.messages]


def test_a_message_is_logged_with_level_and_category() -> None:
    """An admin finds it again."""
    item = {"message": "#[attributes.method ++ ' called']", "level": "WARN", "category": "orders"}
    gateway = Gateway(logging_policy(item))
    assert logged(gateway) == ["GET called"]
    assert gateway.messages == [LogMessage("warning", "orders", "GET called", "7")]


@pytest.mark.parametrize(
    ("level", "ours"),
    [("DEBUG", "debug"), ("INFO", "info"), ("WARN", "warning"), ("ERROR", "error")],
)
def test_levels_are_those_of_the_log(level: str, ours: str) -> None:
    """The operator's log level filters them."""
    gateway = Gateway(logging_policy({"level": level}))
    logged(gateway)
    assert [message.level for message in gateway.messages] == [ours]


def test_without_a_category_the_policy_is_named() -> None:
    """Somebody asks where a line comes from."""
    gateway = Gateway(logging_policy({}))
    logged(gateway)
    assert gateway.messages[0].category == "policy-id-of-message-logging"


@pytest.mark.parametrize(
    ("conditional", "expected"),
    [
        ("", ["hello"]),
        ("true", ["hello"]),
        ("false", []),
        ("#[true]", ["hello"]),
        ("#['true']", ["hello"]),
        ("#['yes']", []),
        ("#[attributes.headers.x == '1']", ["hello"]),
        ("#[attributes.headers.x == '2']", []),
        ("#[attributes.headers.x]", []),
        ("#[(attributes.headers.absent ++ 'a') == 'a']", []),
    ],
)
def test_a_condition_decides_whether_to_log(conditional: str, expected: list[str]) -> None:
    """Only what is true logs; an expression without a value does not."""
    assert logged(Gateway(logging_policy({"conditional": conditional})), {"x": "1"}) == expected


def test_each_item_is_a_message_of_its_own() -> None:
    """In the order of the configuration."""
    gateway = Gateway(logging_policy({"message": "a"}, {"conditional": "false"}, {"message": "b"}))
    assert logged(gateway) == ["a", "b"]


def test_an_item_for_neither_side_logs_nothing() -> None:
    """`firstSection: false` is a message switched off."""
    assert logged(Gateway(logging_policy({"firstSection": False}))) == []


def test_messages_of_policies_ahead_of_a_denial_are_logged() -> None:
    """A message tells how far a request came; those behind the denial are not reached."""
    gateway = Gateway(logging_policy({}), applied("access-block", order=60))
    gateway.denies(a_request(), DenyReason.ACCESS_BLOCKED, 403)
    assert len(gateway.messages) == 1
    behind = Gateway(applied("access-block", order=1), logging_policy({}))
    behind.denies(a_request(), DenyReason.ACCESS_BLOCKED, 403)
    assert behind.messages == []


def test_a_message_that_fails_says_so_and_the_request_passes() -> None:
    """Logging keeps nobody out."""
    gateway = Gateway(logging_policy({"message": "#[attributes.headers.absent ++ 'a']"}))
    assert logged(gateway) == ["the message could not be computed: ++ cannot take Null"]


def test_null_is_an_empty_message() -> None:
    """As an expression without a value reads."""
    assert logged(Gateway(logging_policy({"message": "#[attributes.headers.absent]"}))) == [""]


@given(st.text())
def test_no_client_can_forge_a_line(value: str) -> None:
    """A message is one line, of bounded length, without what a terminal obeys (CWE-117)."""
    (text,) = logged(Gateway(logging_policy({"message": "#[attributes.headers.x]"})), {"x": value})
    assert len(text.splitlines()) <= 1
    assert len(text) <= MAX_MESSAGE_CHARS
    assert "\x1b" not in text
    text.encode()


@pytest.mark.parametrize(
    ("value", "expected"), [("v" * 5_000, "v" * 4_096), ("\x85" * 5_000, " " * 512)]
)
def test_a_message_as_long_as_a_request_is_cut(value: str, expected: str) -> None:
    """Sooner where characters have to be replaced, which takes longer than all else."""
    gateway = Gateway(logging_policy({"message": "#[attributes.headers.x]"}))
    assert logged(gateway, {"x": value}) == [expected]


@pytest.mark.parametrize("name", sorted(CREDENTIAL_HEADERS))
def test_credentials_are_kept_out_of_the_log(name: str) -> None:
    """A message that would log them closes the API; a condition may look at them."""
    reads = f"#['x' ++ (attributes.headers['{name.title()}'] default '')]"
    (fault,) = Gateway(logging_policy({"message": reads})).api.faults
    assert f"must not read {name}, because this would log credentials" in fault
    looks = f"#[(attributes.headers['{name}'] default '') == '']"
    assert Gateway(logging_policy({"conditional": looks})).api.faults == ()


@pytest.mark.parametrize(
    ("item", "fault"),
    [
        ({"secondSection": True}, "secondSection: is not supported"),
        ({"level": "TRACE"}, "level"),
        ({"conditional": "maybe"}, "conditional: must be true, false"),
        ({"message": "#[payload]"}, "message: unsupported name 'payload'"),
        ({"message": None}, "message: is required"),
    ],
)
def test_a_bad_configuration_closes_the_api_and_says_where(
    item: dict[str, Any], fault: str
) -> None:
    """What cannot be logged is told at sync time."""
    (found,) = Gateway(logging_policy(item)).api.faults
    assert fault in found


def test_a_policy_without_messages_is_a_mistake() -> None:
    """The vendor requires the list, too."""
    (fault,) = Gateway(applied("message-logging", {"loggingConfiguration": []})).api.faults
    assert "loggingConfiguration" in fault


@pytest.mark.parametrize(
    "never", [{"firstSection": False}, {"conditional": "false"}, {"conditional": " FALSE "}]
)
def test_a_message_that_is_never_written_closes_nothing(never: dict[str, Any]) -> None:
    """An admin who switched a message off need not repair it."""
    item = {"message": "#[payload.id]"} | never
    assert logged(Gateway(logging_policy(item, {}))) == ["hello"]
