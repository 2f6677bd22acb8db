"""The controller's settings, its command, and its page."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from adapter.cli import app
from adapter.errors import ConfigurationError
from adapter.settings import RequestSettings
from adapter.settings.bindings_file import read_bindings
from adapter.settings.controller import ControllerSettings, load_controller_settings, read_token
from adapter.settings.environment import settings_in
from tests.rig.api_bindings import binding_faults
from tests.unit.controller.objects import binding, decided, gateway, http_route

_PAGE = (Path(__file__).parents[3] / "docs" / "mesh" / "controller.md").read_text()
_BLOCKS = re.findall(r"^```\n(.*?)^```$", _PAGE, re.MULTILINE | re.DOTALL)


def _file(directory: Path, content: str) -> Path:
    file = directory / "controller.yaml"
    file.write_text(content)
    return file


def test_the_files_of_the_page_are_valid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the credentials in the environment, where the page puts them."""
    files = [block for block in _BLOCKS if "controller.yaml\n" in block and "mesh:" in block]
    assert len(files) == 2
    assert load_controller_settings(_file(tmp_path, files[0])).mesh == "istio"
    with pytest.raises(ConfigurationError, match="set client_id, client_secret, too"):
        load_controller_settings(_file(tmp_path, files[1]))
    monkeypatch.setenv("POLICY_ADAPTER_PLATFORM__CLIENT_ID", "app")
    monkeypatch.setenv("POLICY_ADAPTER_PLATFORM__CLIENT_SECRET", "between-us")
    settings = load_controller_settings(_file(tmp_path, files[1]))
    assert settings.rendered.trusted_hops == 1
    assert "between-us" not in repr(settings)


def test_the_page_names_every_setting() -> None:
    """And none that does not exist."""
    _, _, rest = _PAGE.partition("| setting | meaning | default |\n|---|---|---|\n")
    first_cells = [line.split("|")[1] for line in rest.partition("\n\n")[0].splitlines()]
    named = {name for cell in first_cells for name in re.findall(r"`([^`]+)`", cell)}
    whole_groups = {"adapter", "platform.*"}
    expected = {
        name
        for name in settings_in(ControllerSettings)
        if not name.startswith(("adapter.", "platform.")) or name == "platform.request_timeout_s"
    }
    assert named == expected | whole_groups


def test_the_bindings_of_the_page_are_valid() -> None:
    """A whole ApiBinding, and a specification by asset."""
    (whole,) = [b for b in _BLOCKS if b.startswith("apiVersion: policy-adapter.dev")]
    content = yaml.safe_load(whole)
    assert binding_faults(content) == []
    (by_asset,) = [b for b in _BLOCKS if b.startswith("spec:\n  api:")]
    targets = {"targetRefs": content["spec"]["targetRefs"]}
    assert binding_faults(content | {"spec": yaml.safe_load(by_asset)["spec"] | targets}) == []


def test_all_mistakes_are_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the name of the setting, with the fix."""
    monkeypatch.setenv("POLICY_ADAPTER_MESSH", "istio")
    content = (
        "mesh: linkerd\nrendered: {trusted_hops: -1, trusted_hop: a}\nplatform: {client_id: a}"
    )
    with pytest.raises(ConfigurationError) as refused:
        load_controller_settings(_file(tmp_path, content))
    for words in (
        "POLICY_ADAPTER_MESSH: unknown setting; did you mean POLICY_ADAPTER_MESH?",
        "mesh: ",
        "rendered.trusted_hops: ",
        "rendered.trusted_hop: unknown setting; did you mean rendered.trusted_hops?",
        "platform: set base_url, organization_id, environment_id, client_secret, too",
    ):
        assert words in str(refused.value)


def test_the_adapters_token_comes_from_a_file(tmp_path: Path) -> None:
    """A file that is missing, empty or no text is named."""
    file = tmp_path / "token"
    settings = ControllerSettings.model_validate(
        {"mesh": "istio", "rendered": {"token_file": str(file)}}
    )
    with pytest.raises(
        ConfigurationError, match=r"rendered\.token_file: .*cannot be read: No such file"
    ):
        read_token(settings)
    file.write_text("\n")
    with pytest.raises(ConfigurationError, match="is empty"):
        read_token(settings)
    for content in (b"between\nus", b"\xff", b"\0"):
        file.write_bytes(content)
        with pytest.raises(ConfigurationError, match="is not one line of ASCII text"):
            read_token(settings)
    file.write_text("between-us\n")
    assert read_token(settings) == "between-us"


def test_the_command_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Outside of a cluster, and without settings: exit code 2."""
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    nothing = CliRunner().invoke(app, ["controller"])
    assert nothing.exit_code == 2
    assert "mesh: is missing" in nothing.stderr
    monkeypatch.setenv("POLICY_ADAPTER_MESH", "istio")
    outside = CliRunner().invoke(app, ["controller"])
    assert outside.exit_code == 2
    assert "kubernetes.url: is missing, and this process does not run in a pod" in outside.stderr


@pytest.mark.parametrize("mesh", ["istio", "envoy-gateway"])
def test_the_adapter_reads_its_bindings_from_the_config_map(mesh: Any, tmp_path: Path) -> None:
    """As a file, as a volume gives it to it; also without a single binding."""
    world = gateway(class_name="istio"), http_route("orders", "items")
    decision = decided(mesh, *world, binding("orders", "HTTPRoute/orders"))
    file = tmp_path / "bindings.yaml"
    file.write_text(decision.bindings[1]["data"][file.name])
    (found,) = read_bindings(file)
    assert (found.api_id, found.route_name or found.route_metadata) == (
        "17",
        "items" if mesh == "istio" else "HTTPRoute/shop/orders",
    )
    file.write_text(decided(mesh, *world).bindings[1]["data"][file.name])
    assert read_bindings(file) == ()


def test_the_page_has_the_settings_of_the_adapter() -> None:
    """For each mesh, with the way in which its objects tell the client's address."""
    requests = [
        RequestSettings.model_validate(content["requests"])
        for block in _BLOCKS
        if isinstance(content := yaml.safe_load(block), dict) and "requests" in content
    ]
    assert [(r.client_address_header, r.forwarded_for_position) for r in requests] == [
        ("x-adapter-client-address", None),
        (None, 1),
    ]
    assert {str(r.bindings_file) for r in requests} == {
        "/etc/policy-adapter-bindings/bindings.yaml"
    }
