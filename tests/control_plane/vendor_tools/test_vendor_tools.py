"""The vendor's tools work with our control plane as docs/vendor-tools.md says."""

import inspect
import json
from importlib.metadata import version

from anypoint_sdk import AnypointClient

from tests.control_plane.vendor_tools import cli_scenario, sdk_scenario
from tests.control_plane.vendor_tools.cli_commands import COMMANDS
from tests.control_plane.vendor_tools.sdk_calls import CALLS
from tests.control_plane.vendor_tools.tables import PAGE, part_of_page, table
from tests.rig.anypoint_cli import SOURCE

_BASE_CLASSES = "abstract-"
"""Of the commands that the command line lists, those with this are no commands."""


async def test_the_table_of_commands_is_true() -> None:
    """`make vendor-tools` writes it. It has all commands for API management."""
    done, names = await cli_scenario.outcomes()
    assert table("command", done) == part_of_page("commands")
    tried = {each.called.split()[0] for each in COMMANDS}
    ours = [name for name in names if name.startswith(("account:", "api-mgr:"))]
    assert tried == {name for name in ours if _BASE_CLASSES not in name}


async def test_the_table_of_calls_is_true() -> None:
    """`make vendor-tools` writes it. It has all calls for API management."""
    assert table("call", await sdk_scenario.outcomes()) == part_of_page("calls")
    groups = [(name, part) for name, part in vars(AnypointClient("")).items() if name[0] != "_"]
    calls = {
        f"{name}.{call}"
        for name, part in groups
        for call, _ in inspect.getmembers(part, inspect.ismethod)
        if call[0] != "_" and name != "exchange"
    }
    assert calls - {"environments.clear_cache"} <= {each.called for each in CALLS}


def test_the_page_names_the_versions_that_were_run() -> None:
    """A newer version may work differently."""
    [(name, number)] = json.loads((SOURCE / "package.json").read_text())["dependencies"].items()
    page = PAGE.read_text()
    assert f"`{name}` {number}" in page
    assert f"`anypoint-sdk` {version('anypoint-sdk')}" in page
