"""The first commands of docs/control-plane.md, run as they stand there."""

import json
from pathlib import Path

from tests.rig.control_plane import running_control_plane
from tests.rig.shell import Shell
from tests.rig.shell_blocks import shell_blocks


async def test_the_first_api_is_created_as_described(tmp_path: Path) -> None:
    """In a new database the ids are 1, every command succeeds, and the secret is shown."""
    (block,) = shell_blocks("docs/control-plane.md", "## Create a first API")
    shell = Shell(tmp_path)
    async with running_control_plane(tmp_path) as platform:
        (tmp_path / "admin.json").write_text(platform.credentials.as_json(platform.base_url))
        await shell.start()
        try:
            answers = (await shell.run(block)).splitlines()
        finally:
            await shell.stop()
    api, policy, application, contract, summary = map(json.loads, answers)
    assert (api["id"], policy["apiId"], application["id"]) == (1, 1, 1)
    assert application["clientSecret"]
    assert contract["status"] == "APPROVED"
    assert summary["groups"] == []
