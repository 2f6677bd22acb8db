"""Our subset held against the vendor's engine, which runs here."""

from collections.abc import Iterator

import pytest

from tests.unit.policy.expressions.differences import DIFFERENCES
from tests.unit.policy.expressions.engine import FAILED, REFUSED, Engine, our_value
from tests.unit.policy.expressions.generated import generated
from tests.unit.policy.expressions.written import TOPICS, WRITTEN


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """The engine, started once: that takes longer than a case."""
    with Engine() as started:
        yield started


def differs(engine: Engine, inner: str) -> str | None:
    """What the two say where they disagree; it is no matter why a value is not there."""
    theirs, ours = engine.value(inner), our_value(inner)
    if theirs == FAILED and ours in (FAILED, REFUSED):
        return None
    return None if (theirs, type(theirs)) == (ours, type(ours)) else f"{inner}: {theirs} / {ours}"


def unexpected(engine: Engine, cases: tuple[str, ...]) -> list[str]:
    """The disagreements that nobody wanted."""
    found = (differs(engine, inner) for inner in cases if inner not in DIFFERENCES)
    return [difference for difference in found if difference is not None]


@pytest.mark.parametrize("topic", TOPICS)
def test_written_expressions_have_the_value_that_the_engine_gives_them(
    engine: Engine, topic: str
) -> None:
    """What a policy's author has tried at the vendor's is what happens here."""
    assert unexpected(engine, TOPICS[topic]) == []


def test_generated_expressions_have_the_value_that_the_engine_gives_them(engine: Engine) -> None:
    """What nobody thought of does, too."""
    assert unexpected(engine, generated()) == []


@pytest.mark.parametrize("inner", DIFFERENCES)
def test_an_intended_difference_is_still_one(engine: Engine, inner: str) -> None:
    """The list of differences, which the documentation repeats, doesn't grow stale."""
    assert differs(engine, inner) is not None


def test_each_intended_difference_is_a_case() -> None:
    """A difference that no case shows would excuse nothing."""
    assert set(DIFFERENCES) <= {*WRITTEN, *generated()}


def test_enough_cases_have_a_value() -> None:
    """The comparison would be worth little if most cases failed on both sides."""
    cases = {*WRITTEN, *generated()}
    with_value = [inner for inner in cases if our_value(inner) not in (FAILED, REFUSED)]
    assert len(cases) >= 1_000
    assert len(with_value) >= 800
