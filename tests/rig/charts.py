"""Renders the Helm charts with the real Helm, and reads what a pod gives its container."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from deploy.manifests import rendered

VALUES = Path(__file__).parents[1] / "deploy" / "values"
Object = dict[str, Any]


@cache
def objects(chart: str, *options: str) -> list[Object]:
    """The objects of a chart; an option that names one of the files in VALUES stands for it."""
    files = {file.name: str(file) for file in VALUES.glob("*.yaml")}
    text = rendered(chart, *(files.get(option, option) for option in options))
    return [each for each in yaml.load_all(text, yaml.CSafeLoader) if each]


def one(rendered_objects: list[Object], kind: str) -> Object:
    """The object of this kind, of which there is only one."""
    [found] = [each for each in rendered_objects if each["kind"] == kind]
    return found


@dataclass(frozen=True)
class Pod:
    """What the only container of a workload gets, with the files of its volumes in a directory."""

    spec: Object
    directory: Path

    @property
    def container(self) -> Object:
        """The container."""
        [container] = self.spec["containers"]
        assert isinstance(container, dict)
        return container

    def local(self, path: str) -> Path:
        """Where a path of the container is on this machine."""
        return self.directory / path.lstrip("/")

    def environment(self, secret: dict[str, str]) -> dict[str, str]:
        """The variables of the container, with the values of a Secret; paths are those here."""
        mounted = [mount["mountPath"] for mount in self.container["volumeMounts"]]
        found: dict[str, str] = {}
        for variable in self.container["env"]:
            value = variable.get("value", "")
            if (source := variable.get("valueFrom")) is not None:
                value = _value(source, secret)
            for name, known in found.items():
                value = value.replace(f"$({name})", known)
            is_path = any(value.startswith(f"{path}/") for path in mounted)
            found[variable["name"]] = str(self.local(value)) if is_path else value
        return found


def _value(source: Object, secret: dict[str, str]) -> str:
    if "secretKeyRef" in source:
        return secret[source["secretKeyRef"]["key"]]
    return str(source["fieldRef"]["fieldPath"])
