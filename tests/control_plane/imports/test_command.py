"""`import`, into a running platform."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

import control_plane.cli
from tests.control_plane.imports.test_apigee import DEVELOPERS, app, key, product
from tests.rig.control_plane import RunningControlPlane, running_control_plane

ENVIRONMENT = """
version: 1
apis:
- groupId: org.example
  assetId: orders
  assetVersion: 1.0.0
  instanceLabel: eu
  policies:
  - {assetId: ip-allowlist, configurationData: {ips: ["10.0.0.0/8"]}}
  - {assetId: cors}
  tiers:
  - name: Gold
    limits: [{maximumRequests: 5, timePeriodInMilliseconds: 1000}]
  contracts:
  - {application: Shop, tier: Gold}
applications:
- {name: Shop, clientId: k0}
automatedPolicies:
- {assetId: header-removal, configurationData: {inboundHeaders: [x-a]}}
"""
FLEX = """
apiVersion: gateway.mulesoft.com/v1alpha1
kind: ApiInstance
metadata: {name: bills}
spec: {address: "http://0.0.0.0:8080/bills"}
---
apiVersion: gateway.mulesoft.com/v1alpha1
kind: PolicyBinding
metadata: {name: bind}
spec:
  targetRef: {name: bills}
  policyRef: {name: http-basic-authentication-flex, namespace: default}
  config: {username: ann, password: $IMPORT_PASSWORD}
---
"""


def run(command: str, **environment: str) -> Result:
    """What the command says."""
    return CliRunner().invoke(control_plane.cli.app, command.split(), env=environment)


def write(name: str, content: Any) -> None:
    """A file with this text, or with this value as JSON."""
    Path(name).write_text(content if isinstance(content, str) else json.dumps(content))


def last(result: Result, lines: int = 1) -> list[str]:
    """The last lines of standard output."""
    return result.stdout.splitlines()[-lines:]


async def a_second_environment(platform: RunningControlPlane) -> None:
    """Add an environment without content."""
    environments = (
        f"/accounts/api/organizations/{platform.credentials.organization_id}/environments"
    )
    await platform.admin.ask("POST", environments, {"name": "Target", "type": "sandbox"})


async def test_an_environment_of_the_platform_protocol(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Read with a connected app, and imported into another environment. Again changes nothing."""
    monkeypatch.chdir(tmp_path)
    write("e.yaml", ENVIRONMENT)
    async with running_control_plane(tmp_path) as platform:
        write("admin.json", asdict(platform.credentials))
        await a_second_environment(platform)
        login = f"--url {platform.base_url} --credentials-file admin.json"
        made = run(
            f"connected-apps create reader --role owner --database {platform.database} "
            f"--base-url {platform.base_url} --credentials-file reader.json"
        )
        assert made.exit_code == 0, made.stderr
        assert run(f"apply -f e.yaml --environment Production {login}").exit_code == 0
        source = "import --from anypoint --source-credentials-file reader.json"
        target = f"--environment Target {login}"
        from_here = f"{source} --source-environment Production {target}"

        dry = run(f"{from_here} --dry-run")
        assert (dry.exit_code, last(dry)) == (0, ["dry run: nothing was changed"]), dry.stderr
        first = run(from_here)
        assert (first.exit_code, last(first)) == (0, ["imported"])
        assert "approximated  application" in first.stdout
        assert last(run(from_here)) == ["nothing to change"]
        exported = [
            run(f"export --without-ids --environment {name} {login}").stdout.splitlines()[1:]
            for name in ("Production", "Target")
        ]
        assert exported[0] == exported[1]

        no_such = run(f"{source} --source-environment Test {target}")
        assert "the source has no environment 'Test'; it has Production, Target" in no_such.stderr
        write("reader.json", {"client_id": "x", "client_secret": "y"})
        wrong = run(f"{from_here} --source-url {platform.base_url}")
        assert (wrong.exit_code, wrong.stderr) == (
            2,
            f"error: {platform.base_url}/accounts/api/v2/oauth2/token: "
            "401 unknown client_id or wrong client_secret\n",
        )
        nobody = run(f"{from_here} --source-url http://127.0.0.1:9")
        assert nobody.exit_code == 2
        assert nobody.stderr.startswith("error: http://127.0.0.1:9 refuses connections")


async def test_exported_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys of Apigee and policies of Flex Gateway. The exit code tells of refused things."""
    monkeypatch.chdir(tmp_path)
    parts = {
        "products": {"apiProduct": [product("gold"), product("odd\x1b[1m", apiResources=["/v1"])]},
        "developers": DEVELOPERS,
        "apps": {"app": [app("shop", key("k1", "gold"))]},
    }
    for name, content in parts.items():
        write(f"{name}.json", content)
    write("flex.yaml", FLEX)
    async with running_control_plane(tmp_path) as platform:
        write("admin.json", asdict(platform.credentials))
        login = f"--url {platform.base_url} --credentials-file admin.json"
        keys = run(f"import --from apigee . {login}")
        assert (keys.exit_code, last(keys)) == (1, ["imported"])
        assert "odd\N{REPLACEMENT CHARACTER}[1m" in keys.stdout
        assert "secret-of-k1" not in keys.output
        assert last(run(f"import --from apigee . {login}")) == ["nothing to change"]

        unset = run(f"import --from flex-yaml . {login}")
        assert (unset.exit_code, last(unset)) == (1, ["nothing to change"])
        flex = run(f"import --from flex-yaml . {login}", IMPORT_PASSWORD="pw-of-ann")
        assert (flex.exit_code, last(flex)) == (0, ["imported"])
        assert "pw-of-ann" not in flex.output

        write("apps.json", {"app": [app("shop", key("k" * 300, "gold"))]})
        long = run(f"import --from apigee . {login}")
        assert (long.exit_code, last(long)) == (1, ["nothing to change"])
        assert "clientId: must have at most 256 characters" in long.stdout

        write("apps.json", {"app": [app("shop", key("k1", "gold"), key("k1", "gold"))]})
        twice = run(f"import --from apigee . {login}")
        assert twice.exit_code == 2
        assert "the import: applications.1.clientId: is the same as in" in twice.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("anypoint", "--from anypoint needs --source-environment and --source-credentials-file"),
        ("anypoint x.json", "--from anypoint reads no files; remove the arguments"),
        (
            "anypoint --source-environment A --source-credentials-file empty.json",
            "empty.json lacks client_id and client_secret",
        ),
        ("flex-yaml", "--from flex-yaml needs YAML files, or a folder with some"),
        ("flex-yaml bytes.yaml", "bytes.yaml: is not UTF-8 at byte 0"),
        ("flex-yaml bad.yaml", "bad.yaml:2: not YAML: "),
        ("apigee x.json", "--from apigee needs one folder, with products.json, developers.json"),
        ("apigee .", "products.json: No such file or directory"),
        ("sdk-inventory", "--from sdk-inventory needs one JSON file"),
        ("sdk-inventory bad.yaml", "bad.yaml: is not JSON: "),
        ("sdk-inventory empty.json", "record: a list of objects is needed"),
    ],
)
def test_mistakes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: str, message: str
) -> None:
    """Each message names the file or the option."""
    monkeypatch.chdir(tmp_path)
    Path("empty.json").write_text("{}")
    Path("bytes.yaml").write_bytes(b"\xff")
    Path("bad.yaml").write_text("[")
    result = run(f"import --from {arguments}")
    assert result.exit_code == 2
    assert message in result.stderr
