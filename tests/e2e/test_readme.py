"""The README's first path, run as it stands there, as a newcomer would paste it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.rig.own_network import in_own_network
from tests.rig.shell_blocks import shell_blocks

SECTION = "## From nothing to a 200"
DEADLINE_S = 120


def test_the_readme_leads_from_nothing_to_a_200(tmp_path: Path) -> None:
    """Every command succeeds; a request without credentials gets 401, one with them gets 200."""
    # The section begins in a checkout after `make demo`: all that it uses of it is .venv.
    (tmp_path / ".venv").symlink_to(Path(sys.executable).parents[1])
    script = tmp_path / "script.sh"
    script.write_text("".join(shell_blocks("README.md", SECTION)))
    answers = output_of(script)
    assert "HTTP/1.1 401 Unauthorized" in answers, answers
    refused, accepted = answers.split("HTTP/1.1 401 Unauthorized", 1)
    assert '{"ready": true' in refused, answers
    assert "HTTP/1.1 200 OK" in accepted, answers
    assert accepted.rstrip().endswith('{"order": 1}'), answers


def output_of(script: Path) -> str:
    """What the script and the programs that it starts print; stops all of them."""
    command = in_own_network(["bash", "-eu", str(script)])
    environment = {**os.environ, "TMPDIR": str(script.parent)}
    with (script.parent / "output.txt").open("w+") as output:
        shell = subprocess.Popen(
            command,
            cwd=script.parent,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            status = shell.wait(DEADLINE_S)
        finally:
            # The programs in the background are in the shell's process group.
            os.killpg(shell.pid, signal.SIGKILL)
        output.seek(0)
        text = output.read()
    assert status == 0, text
    return text


def test_an_environment_file_leads_to_a_200(tmp_path: Path) -> None:
    """The same without a platform, as `docs/configuration.md` has it."""
    script = tmp_path / "script.sh"
    commands = shell_blocks("docs/configuration.md", "## Without a platform")
    script.write_text("".join([f"export PATH={Path(sys.executable).parent}:$PATH\n", *commands]))
    refused, accepted = output_of(script).split("HTTP/1.1 401 Unauthorized", 1)
    assert '{"ready": true' in refused
    assert "HTTP/1.1 200 OK" in accepted
    assert accepted.rstrip().endswith('{"order": 1}')
