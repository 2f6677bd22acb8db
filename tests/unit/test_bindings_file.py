"""Bindings in a file of their own: what is read, and what a change of it does."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError
from structlog.testing import capture_logs
from typer.testing import CliRunner

from adapter.app.bindings import Bindings
from adapter.cli import app
from adapter.cli.known_adapter import known_adapter
from adapter.errors import BindingsFileError
from adapter.policy.bindings import BindingTable
from adapter.settings import RequestSettings, Settings
from tests.rig.clock import FakeClock
from tests.unit.policy.gateway import a_request

EDGES = "requests.bindings with authority"


class Followed:
    """A file as Kubernetes mounts a ConfigMap, and the tables that follow from it."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._versions = 0
        self.file = directory / "bindings.yaml"
        self.file.symlink_to("..data/bindings.yaml")
        self.swap([{"api_id": "1", "route_name": "orders"}])
        self.tables: list[BindingTable] = []
        self.bindings = Bindings(RequestSettings(bindings_file=self.file), FakeClock())

    def swap(self, content: object) -> None:
        """Mount another version in one step."""
        self._versions += 1
        version = self._directory / f"..{self._versions}"
        version.mkdir()
        (version / "bindings.yaml").write_text(yaml.safe_dump(content))
        link = self._directory / "..data_tmp"
        link.symlink_to(version.name)
        link.replace(self._directory / "..data")

    async def look(self, times: int = 2) -> list[dict[str, Any]]:
        """Look at the file, and return what was logged."""
        with capture_logs() as logs:
            for _ in range(times):
                await self.bindings.look(self.tables.append)
        return [dict(line) for line in logs]


@pytest.fixture
def followed(tmp_path: Path) -> Followed:
    """A file that binds the route orders to API 1."""
    return Followed(tmp_path)


async def test_a_change_becomes_one_new_table(followed: Followed) -> None:
    """The old table stays as it is. A file that is as before is not read."""
    old = followed.bindings.table
    assert await followed.look() == []
    followed.swap([{"api_id": "2", "authority": "*"}, {"api_id": "3", "route_name": "pay"}])
    (line,) = await followed.look()
    assert (line["event"], line["bindings"]) == ("bindings.loaded", 2)
    (new,) = followed.tables
    assert new.resolve(a_request(api_id="", route_name="orders", authority="shop.test")) == "2"
    assert old.resolve(a_request(api_id="", route_name="orders", authority="shop.test")) == "1"
    assert (followed.bindings.table, followed.bindings.count) == (new, 2)
    assert followed.bindings.only_for_edges == (EDGES,)
    assert await followed.look() == []


async def test_half_a_file_is_not_taken_over(followed: Followed) -> None:
    """While somebody writes, each look sees another file."""
    await followed.look(1)
    for size in range(1, 4):
        followed.swap([{"api_id": "2", "route_name": f"route-{n}"} for n in range(size)])
        await followed.look(1)
    assert followed.tables == []
    await followed.look(1)
    assert followed.bindings.count == 3


async def test_a_bad_file_changes_nothing_and_is_named(followed: Followed) -> None:
    """Once in the log, and in the alarms until the file is good; the same for a missing one."""
    followed.swap([{"api_id": "2"}, {"api": "3", "route_name": "pay"}])
    (line,) = await followed.look(5)
    assert (line["event"], line["file"]) == ("bindings.kept", str(followed.file))
    assert [fault.split(": ")[2] for fault in line["faults"]] == [
        "bindings.0",
        "bindings.1.api_id",
        "bindings.1.api",
    ]
    assert followed.bindings.alarms == {"bindings": "; ".join(line["faults"])}
    assert (followed.bindings.are_kept, followed.bindings.count) == (True, 1)

    followed.file.unlink()
    (line,) = await followed.look()
    missing = f"cannot read {followed.file}: No such file or directory"
    assert line["faults"] == (f"requests.bindings_file: {missing}",)
    assert followed.tables == []

    followed.file.symlink_to("..data/bindings.yaml")
    followed.swap([])
    await followed.look()
    assert (followed.bindings.alarms, followed.bindings.are_kept) == ({}, False)
    assert followed.bindings.count == 0


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "is empty; write [] if there are no bindings"),
        ("# none\n", "is empty; write [] if there are no bindings"),
        (
            "bindings: []",
            "must be a list of bindings, such as '- {api_id: 17, route_name: orders}'",
        ),
        ("- [", "is not YAML, line 1, column 4"),
        ("- {api_id: 1}\n--- \n- 2", "is not YAML, line 2, column 1"),
        ("- orders", "bindings.0: must be a group of settings"),
        ("- {api_id: 1, route_name: a, path_prefix: /x}", "path_prefix goes with authority only"),
        ("- {api_id: 1, destination_port: 65536}", "bindings.0.destination_port: must be"),
    ],
)
def test_a_file_that_cannot_be_used_is_described(tmp_path: Path, text: str, fault: str) -> None:
    """By its name, the place and the fix."""
    file = tmp_path / "bindings.yaml"
    file.write_text(text)
    with pytest.raises(BindingsFileError) as raised:
        Bindings(RequestSettings(bindings_file=file), FakeClock())
    assert str(raised.value).startswith(f"requests.bindings_file: {file}")
    assert fault in str(raised.value)


def test_both_places_are_an_error() -> None:
    """Nobody has to know which one goes first."""
    one = {"api_id": "1", "route_name": "orders"}
    with pytest.raises(ValidationError, match="set only one of bindings and bindings_file"):
        RequestSettings.model_validate({"bindings": [one], "bindings_file": "bindings.yaml"})


def test_settings_that_trust_clients_of_sidecars_are_known() -> None:
    """Those that are safe only where Envoy lists its domains and knows its clients."""
    by_host = {"api_id": "1", "authority": "*"}
    by_route = {"api_id": "1", "route_name": "orders"}
    for settings, unsafe in (
        ({"bindings": [by_route]}, ()),
        ({"bindings": [by_route, by_host]}, (EDGES,)),
        ({"forwarded_for_position": 1}, ("requests.forwarded_for_position",)),
    ):
        requests = RequestSettings.model_validate(settings)
        assert Bindings(requests, FakeClock()).only_for_edges == unsafe


@pytest.mark.parametrize("command", ["check-config", "serve"])
def test_a_bad_file_stops_the_start(tmp_path: Path, command: str) -> None:
    """With all its faults, together with those of the settings."""
    (tmp_path / "bindings.yaml").write_text("- {api_id: 1}\n- {route_name: pay}")
    config = tmp_path / "adapter.yaml"
    requests = {"bindings_file": str(tmp_path / "bindings.yaml")}
    config.write_text(yaml.safe_dump({"requests": requests, "quota": {"max_windows": "many"}}))
    result = CliRunner().invoke(app, [command, "--config", str(config)])
    assert result.exit_code == 2
    named = f"requests.bindings_file: {tmp_path / 'bindings.yaml'}: bindings."
    assert f"{named}0: set exactly one of route_name" in result.stderr
    assert f"{named}1.api_id: is missing" in result.stderr
    assert "quota.max_windows: must be a whole number" in result.stderr


def test_the_doctor_knows_the_bindings_in_the_file(followed: Followed, tmp_path: Path) -> None:
    """To compare them with Envoy's routes."""
    environment = tmp_path / "environment.yaml"
    environment.write_text("version: 1\napis: []\n")
    settings = Settings.model_validate(
        {"platform": {"file": environment}, "requests": {"bindings_file": followed.file}}
    )
    assert [b.route_name for b in known_adapter(settings, None).bindings] == ["orders"]
