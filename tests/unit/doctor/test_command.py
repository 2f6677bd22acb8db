"""The command as someone types it."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from adapter.cli import app
from adapter.platform_client.disk.copy import MAGIC
from adapter.platform_client.disk.format import StoredApi, StoredCatalog, encode
from adapter.policy.catalog import ApiContent, ApiInstance
from adapter.runtime.clock import WallTime
from adapter.runtime.sealed_file import SealedFile
from tests.unit.doctor.configurations import GOOD, Parts
from tests.unit.doctor.test_running_envoy import Admin, admin

__all__ = ["admin"]

SETTINGS: dict[str, Any] = {
    "platform": {
        "base_url": "http://127.0.0.1:9",
        "organization_id": "org",
        "environment_id": "env",
        "client_id": "gateway",
        "client_secret": "hidden",
    },
    "listener": {"token": "between-us"},
}


@pytest.fixture
def envoy(tmp_path: Path) -> Path:
    """A good configuration."""
    file = tmp_path / "envoy.yaml"
    file.write_text(GOOD)
    return file


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Settings that fit it."""
    file = tmp_path / "adapter.yaml"
    file.write_text(yaml.safe_dump(SETTINGS))
    return file


def broken(file: Path, **ext_authz: Any) -> Path:
    """The configuration with these settings of the ext_authz filter."""
    parts = Parts()
    parts.ext_authz.update(ext_authz)
    file.write_text(yaml.safe_dump(parts.bootstrap))
    return file


def run(*arguments: object) -> Result:
    """What the command says, and its exit code."""
    return CliRunner().invoke(app, ["doctor", *map(str, arguments)])


def test_nothing_is_wrong(envoy: Path, config: Path) -> None:
    """Exit code 0. With --quiet, not a word."""
    result = run("--file", envoy, "--config", config)
    assert (result.exit_code, result.stdout) == (0, "0 errors, 0 warnings, 0 notes\n")
    assert run("--file", envoy, "--quiet").output == ""


def test_an_error_ends_with_1(envoy: Path) -> None:
    """As text, and as JSON."""
    broken(envoy, failure_mode_allow=True)
    text = run("--file", envoy, "--quiet")
    assert text.exit_code == 1
    assert "error    failure_mode_allow" in text.stdout
    answer = run("--file", envoy, "--json")
    assert answer.exit_code == 1
    assert [f["code"] for f in json.loads(answer.stdout)["findings"]] == ["failure_mode_allow"]


def test_warnings_are_errors_on_request(envoy: Path) -> None:
    """With --strict, for a build that should stay clean."""
    broken(envoy, validate_mutations=False)
    assert (run("--file", envoy, "--quiet").exit_code, run("--file", envoy).exit_code) == (0, 0)
    strict = run("--file", envoy, "--strict", "--quiet")
    assert strict.exit_code == 1
    assert "warning  validate_mutations" in strict.stdout


def test_codes_can_be_ignored(envoy: Path) -> None:
    """What is right as it is; a misspelt code is an error."""
    broken(envoy, failure_mode_allow=True)
    assert run("--file", envoy, "--ignore", "failure_mode_allow").exit_code == 0
    result = run("--file", envoy, "--ignore", "failure_mode")
    assert result.exit_code == 2
    assert "unknown codes: failure_mode;" in result.stderr


def test_settings_are_compared(envoy: Path, config: Path) -> None:
    """Another token, and a header that nobody overwrites. The tokens are not shown."""
    settings = SETTINGS | {
        "listener": {"token": "renewed"},
        "requests": {"client_address_header": "X-Real-Address"},
    }
    config.write_text(yaml.safe_dump(settings))
    result = run("--file", envoy, "--config", config)
    assert result.exit_code == 1
    for code in ("token_wrong", "log_token_wrong", "address_not_overwritten"):
        assert code in result.stdout
    for secret in ("between-us", "renewed", "hidden"):
        assert secret not in result.output


def test_ids_are_compared_with_the_disk_copy(envoy: Path, config: Path, tmp_path: Path) -> None:
    """Without a running adapter. A copy that does not exist yet is no error."""
    config.write_text(yaml.safe_dump(SETTINGS | {"state_directory": str(tmp_path)}))
    assert run("--file", envoy, "--config", config).exit_code == 0
    content = ApiContent(ApiInstance("1", "orders"))
    catalog = StoredCatalog((), (StoredApi(content, WallTime(1.0)),))
    file = tmp_path / "catalog"
    SealedFile(file, "hidden", MAGIC).write(encode(catalog, "org/env"))
    result = run("--file", envoy, "--config", config)
    assert result.exit_code == 1
    assert "route api-2: api_id: 2" in result.stdout
    assert "api_id: 1" not in result.stdout
    file.write_bytes(b"damaged")
    result = run("--file", envoy, "--config", config)
    assert result.exit_code == 2
    assert f"the disk copy {file} cannot be read: it is not a file of this kind" in result.stderr
    assert file.exists()


def test_ids_are_compared_with_a_running_adapter(envoy: Path, admin: Admin) -> None:
    """Its inspection listener is asked until all pages are read."""
    admin.answers["/apis"] = {"items": [{"api_id": "1"}, {"api_id": "3"}]}
    result = run("--file", envoy, "--inspection", admin.url.removeprefix("http://"))
    assert result.exit_code == 1
    assert "api_id: 2" in result.stdout
    assert "api_id: 3" not in result.stdout


@pytest.mark.parametrize("answer", [{}, [], {"items": [1]}, {"items": 1}])
def test_something_that_is_no_adapter(envoy: Path, admin: Admin, answer: Any) -> None:
    """The message names the address."""
    admin.answers["/apis"] = answer
    result = run("--file", envoy, "--inspection", admin.url.removeprefix("http://"))
    assert result.exit_code == 2
    assert "does not answer /apis as the inspection listener of an adapter does" in result.stderr


def test_a_running_envoy(admin: Admin) -> None:
    """Its admin interface is read."""
    assert run("--envoy", admin.url).stdout == "0 errors, 0 warnings, 0 notes\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "give either --envoy http://127.0.0.1:9901 or --file envoy.yaml"),
        (("--file", "a", "--envoy", "b"), "give either --envoy"),
        (("--file", "missing.yaml"), "cannot read missing.yaml: No such file or directory"),
        (("--envoy", "localhost:9901"), "'localhost:9901' is not of the form http://HOST:PORT"),
        (("--file", "a", "--config", "missing.yaml"), "missing.yaml"),
        (("--file", "a", "--inspection", "127.0.0.1:1"), "no adapter answers at 127.0.0.1:1"),
    ],
)
def test_what_cannot_be_read_is_named(arguments: tuple[str, ...], said: str) -> None:
    """Exit code 2, and nothing for a program to read."""
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr
