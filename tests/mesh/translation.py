"""What Envoy Gateway itself makes of the objects (egctl), in the eyes of the doctor."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from adapter.doctor import Finding, examine, read_file
from adapter.envoy_config.mesh import text_of
from tests.mesh.examples import TOKEN, objects
from tests.rig.go_toolchain import installed
from tests.unit.doctor.configurations import known

_BESIDE = Path(__file__).parent / "envoy-gateway.yaml"


def translate(directory: Path) -> list[str]:
    """A line for each finding; raises RuntimeError if an object is refused or an error is found."""
    dump = directory / "dump.json"
    config = _config_dump(directory)
    _refuse_lost_patches(config)
    dump.write_text(json.dumps(config))
    adapter = known(has_settings=True, token=TOKEN, drain_s=4, forwarded_for_position=1)
    findings = examine(read_file(dump), adapter)
    lines = [
        f"Envoy Gateway, {f.severity}: {f.code} {f.place.group} {f.place.within} {f.detail}"
        for f in findings
        if f.severity != "note"
    ]
    if any(map(_is_error, findings)):
        raise RuntimeError("\n".join(lines))
    return [*lines, f"Envoy Gateway renders all objects: {len(findings)} findings, no error"]


def _is_error(finding: Finding) -> bool:
    # The bindings of the settings name these APIs.
    return finding.severity == "error" and finding.code != "api_id_missing"


def _refuse_lost_patches(config: Any) -> None:
    """Envoy Gateway would leave out a patch of a listener or cluster with another name."""
    (patches,) = [
        document.content["spec"]["jsonPatches"]
        for document in objects("envoy-gateway")
        if document.content["kind"] == "EnvoyPatchPolicy"
    ]
    if lost := {patch["name"] for patch in patches} - set(_names(config)):
        raise RuntimeError(f"Envoy Gateway has nothing with these names: {', '.join(sorted(lost))}")


def _names(value: Any) -> Iterator[str]:
    """All names in a configuration."""
    if isinstance(value, dict):
        if isinstance(name := value.get("name"), str):
            yield name
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from _names(each)


def _config_dump(directory: Path) -> Any:
    file = directory / "gateway.yaml"
    file.write_text(f"{_BESIDE.read_text()}---\n{text_of(objects('envoy-gateway'))}")
    egctl = installed("github.com/envoyproxy/gateway/cmd/egctl", "v1.9.0")
    command = [
        *(str(egctl), "experimental", "translate", "--from", "gateway-api", "--to", "xds"),
        *("--type", "all", "--output", "json", "--file", str(file)),
    ]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"egctl refuses what is rendered:\n{done.stderr}")
    return json.loads(done.stdout)["xds"]["default/eg"]
