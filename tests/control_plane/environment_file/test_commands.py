"""`export`, `diff` and `apply`, against a running platform."""

import json
import stat
from dataclasses import asdict
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import control_plane.cli
from adapter.cli import app as adapter_commands
from control_plane.cli.remote_environment import TOKEN_VARIABLE
from control_plane.settings import unknown_variables
from tests.rig.control_plane import running_control_plane

EXAMPLE = Path("docs/environment-file.md").read_text().split("```yaml\n")[1].split("```")[0]


def run(command: str, *, answer: str = "", **environment: str) -> Result:
    """What the command says."""
    return CliRunner().invoke(control_plane.cli.app, command.split(), input=answer, env=environment)


def read(name: str) -> str:
    """The text of a file."""
    return Path(name).read_text()


def mode(name: str) -> int:
    """Who may read the file."""
    return stat.S_IMODE(Path(name).stat().st_mode)


def write(name: str, content: str | bytes) -> None:
    """A file with this content."""
    Path(name).write_bytes(content.encode() if isinstance(content, str) else content)


async def test_an_environment_as_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The example of the page, applied, exported, changed and pruned."""
    monkeypatch.chdir(tmp_path)
    write("e.yaml", EXAMPLE)
    async with running_control_plane(tmp_path) as platform:
        write("admin.json", json.dumps(asdict(platform.credentials)))
        login = f"--url {platform.base_url} --credentials-file admin.json"
        secret = {"SHOP_SECRET": "hush"}

        unset = run(f"diff e.yaml {login}")
        assert unset.exit_code == 2
        line = EXAMPLE.splitlines().index("  clientSecret: ${SHOP_SECRET}") + 1
        assert f"e.yaml:{line}: applications.0.clientSecret: the environment" in unset.stderr

        differs = run(f"diff e.yaml {login}", **secret)
        assert differs.exit_code == 1
        assert differs.stdout.startswith("+ application Shop\n+ automated policy message-logging\n")
        dry = run(f"apply -f e.yaml --dry-run {login}", **secret)
        assert (dry.exit_code, dry.stdout.splitlines()[-1]) == (0, "dry run: nothing was changed")
        assert run(f"apply -f e.yaml {login}", **secret).stdout.endswith("\napplied\n")
        again = run(f"apply -f e.yaml {login}", **secret)
        assert (again.exit_code, again.stdout) == (0, "nothing to change\n")

        assert run(f"export --output out.yaml {login}").exit_code == 0
        assert mode("out.yaml") == 0o600
        assert run(f"diff out.yaml --prune {login}").exit_code == 0
        write("adapter.yaml", "platform: {file: out.yaml}")
        adapter = CliRunner().invoke(adapter_commands, ["check-config", "--config=adapter.yaml"])
        assert "the environment file is out.yaml" in adapter.stdout
        text = read("out.yaml")
        write("out.yaml", text.replace("maximumRequests: 1000", "maximumRequests: 5"))
        changed = run(f"diff out.yaml {login}").stdout
        assert changed.splitlines() == [
            "~ tier Gold of API instance 1 (orders 1.0.0): limits.0.maximumRequests: 1000 -> 5",
            "0 to create, 1 to change, 0 to delete",
        ]

        write("empty.yaml", "version: 1\n")
        for answer in ("n\n", ""):
            kept = run(f"apply -f empty.yaml --prune {login}", answer=answer)
            assert kept.exit_code == 2
            assert "- API instance 1 (orders 1.0.0)" in kept.stdout
            assert "--yes deletes without a question" in kept.stderr
        assert run(f"apply -f empty.yaml --prune --yes {login}").exit_code == 0
        assert run(f"export {login}").stdout == "# Environment: Production\nversion: 1\n"


async def test_mistakes_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In files, with their lines; in options; in credentials."""
    monkeypatch.chdir(tmp_path)
    async with running_control_plane(tmp_path) as platform:
        write("admin.json", json.dumps(asdict(platform.credentials)))
        login = f"--url {platform.base_url} --credentials-file admin.json"

        def message(text: str | bytes, more: str = "") -> str:
            write("e.yaml", text)
            result = run(f"diff e.yaml {login} {more}")
            assert result.exit_code == 2
            return result.stderr

        assert message("version: 1\napis:\n- groupId: g\n  asetId: a\n").splitlines() == [
            "error: e.yaml can't be used",
            "e.yaml:3: apis.0.assetId: is required",
            "e.yaml:3: apis.0.assetVersion: is required",
            "e.yaml:4: apis.0.asetId: unknown field; did you mean assetId?",
        ]
        assert "e.yaml: must be an object" in message("- a")
        assert "e.yaml: is not UTF-8 at byte 0" in message(b"\xff")
        assert "e.yaml: is over 8 MiB" in message(b" " * (9 << 20))
        large = f"version: 1\nautomatedPolicies: [{{assetId: {'a' * (5 << 20)}}}]"
        assert "413 the body is over 1048576 bytes; raise" in message(large)
        nowhere = message("version: 1", "--environment Nowhere")
        assert "no environment Nowhere; use --environment with one of: Production" in nowhere
        assert "--with-secrets needs --output" in run(f"export --with-secrets {login}").stderr

        token = {"POLICY_CONTROL_PLANE_TOKEN": platform.admin.authorization["Authorization"][7:]}
        assert run(f"export --url {platform.base_url}", **token).exit_code == 0
        wrong = run(f"export --url {platform.base_url}", POLICY_CONTROL_PLANE_TOKEN="x")
        assert "401 unknown or expired token" in wrong.stderr
    for url in ("http://[::1", "http://127.0.0.1:99999", "ftp://platform.test"):
        assert f"{url} is not the address of a platform" in run(f"export --url {url}").stderr
    # The variable is no setting, and no misspelt one.
    assert unknown_variables({TOKEN_VARIABLE: "x"}) == []
    assert "refuses connections" in run(f"export --url {platform.base_url}", **token).stderr
