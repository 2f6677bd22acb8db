"""The short form of `make fuzz`, and what the long form promises."""

from pathlib import Path

import pytest

from tests.fuzz.__main__ import main
from tests.fuzz.fields import parsed
from tests.fuzz.run import fuzz
from tests.fuzz.targets import Target, targets

UNHURRIED = 600.0
"""Seconds. The number of messages ends a run before that."""


@pytest.mark.parametrize("name", targets())
def test_mutated_messages_are_read_in_one_way_and_open_nothing(name: str) -> None:
    """Enough messages for every kind of change; the seed is fixed, so that a failure repeats."""
    result = fuzz(targets()[name], "short", seconds=UNHURRIED, most=3_000)
    assert result.failure is None
    assert result.read > 300


def refuse_repeated(message: bytes) -> bool:
    """Fail where a message has a field twice, as a reader could that takes the first one."""
    tags = [field.tag for field in parsed(message)]
    assert len(tags) == len(set(tags)), "a field is repeated"
    return bool(tags)


def test_one_seed_finds_the_same_message_again() -> None:
    """Or nobody could repeat what a run has found."""
    target = Target([b"\x0a\x01a\x12\x01b"], refuse_repeated)
    first, again = (fuzz(target, "1", seconds=UNHURRIED) for _ in range(2))
    assert first.failure is not None
    assert again.failure is not None
    assert (first.tried, first.failure.message) == (again.tried, again.failure.message)


def test_the_command_names_the_seed_and_the_file_of_what_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The file can be tried again on its own."""
    monkeypatch.chdir(tmp_path)
    broken = {"checks": Target([b"\x0a\x01a\x12\x01b"], refuse_repeated)}
    assert main(["--seed", "7", "--seconds", "600"], broken) == 1
    told = capsys.readouterr().out
    (saved,) = Path(".cache/fuzz").iterdir()
    assert "seed 7" in told
    assert str(saved) in told
    with pytest.raises(AssertionError, match="repeated"):
        main(["--only", "checks", "--file", str(saved)], broken)


def test_the_command_tells_how_much_it_tried(capsys: pytest.CaptureFixture[str]) -> None:
    """Also without a finding, so that a run that tried nothing shows."""
    assert main(["--only", "entries", "--seconds", "0.05"], targets()) == 0
    assert "none failed" in capsys.readouterr().out
