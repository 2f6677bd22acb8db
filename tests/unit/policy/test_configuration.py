"""How every policy's configuration is read."""

from typing import Any

import pytest

from adapter.errors import PolicyError
from adapter.policy.policies.shared.configuration import (
    Configuration,
    ExpressionSource,
    read_configuration,
)


class Sample(Configuration):
    """A configuration with a known setting or two."""

    known_key: int = 1
    is_on: bool = True
    where: ExpressionSource = ""


def read(**document: Any) -> Sample:
    """What a policy makes of that document."""
    return read_configuration(Sample, document)


def test_settings_have_the_platforms_names() -> None:
    """A policy exported from API Manager is read as it is."""
    assert read(knownKey=5).known_key == 5


@pytest.mark.parametrize("nothing", [None, False, "", [], {}])
def test_an_unknown_setting_that_asks_for_nothing_is_passed_over(nothing: object) -> None:
    """A newer platform may send more keys, as long as they are off."""
    assert read(newFeature=nothing) == Sample()


@pytest.mark.parametrize("something", [True, 0, 1, "x", ["x"], {"x": None}])
def test_an_unknown_setting_that_asks_for_something_is_refused(something: object) -> None:
    """Protection that an admin asked for is never silently left out."""
    with pytest.raises(PolicyError, match="newFeature: this setting is not supported"):
        read(newFeature=something)


def test_null_means_the_default_but_false_means_false() -> None:
    """What the platform stores for an untouched field differs from a decision."""
    assert read(isOn=None).is_on is True
    assert read(isOn=False).is_on is False


def test_all_faults_are_told_at_once() -> None:
    """An admin corrects a policy once, not fault by fault."""
    with pytest.raises(PolicyError) as refused:
        read(knownKey="many", where="#[nonsense", other=1)
    for name in ("knownKey", "where", "other"):
        assert name in str(refused.value)


def test_many_faults_are_cut_short() -> None:
    """A message stays readable."""
    with pytest.raises(PolicyError, match="and 40 more"):
        read(**{f"key{n}": 1 for n in range(50)})
    with pytest.raises(PolicyError) as refused:
        read(**{"x" * 100_000: 1})
    assert len(str(refused.value)) < 500


def test_values_are_never_shown() -> None:
    """A password in a policy does not end up in a log."""
    with pytest.raises(PolicyError) as refused:
        read(knownKey="hunter2", where="#['hunter2' 'hunter2']", hidden="hunter2")
    assert "hunter2" not in str(refused.value)
