"""The files that Envoy reloads; that it does is shown in tests/e2e."""

import os
import resource
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from adapter.cli.api_option import read_api
from adapter.cli.replaced_files import replace_files
from adapter.envoy_config import render, resource_files
from adapter.errors import ConfigurationError
from support.defaults import envoy_config

ONE, TWO, MOVED = "1=http://10.0.0.1:80/a", "2=http://10.0.0.2:80/b", "1=http://10.0.0.3:80/a"


def write(directory: Path, *apis: str) -> list[str]:
    """Write the files for these APIs, and return the names of those that changed."""
    config = envoy_config([read_api(api) for api in apis], ["unix:/run/adapter.sock"], token="t")
    return replace_files(
        directory,
        resource_files.FILES,
        resource_files.MARK,
        lambda before: resource_files.render_files(config, directory, before),
    )


def upstreams(directory: Path) -> list[str]:
    """The addresses of the services in the file of clusters."""
    clusters = yaml.safe_load((directory / "clusters.yaml").read_text())["resources"]
    return [c["name"].removeprefix("upstream_") for c in clusters if "upstream" in c["name"]]


def test_the_files_hold_the_whole_configuration(tmp_path: Path) -> None:
    """An Envoy that reloads does what an Envoy with one file does."""
    write(tmp_path, ONE, TWO)
    config = envoy_config([read_api(ONE), read_api(TWO)], ["unix:/run/adapter.sock"], token="t")
    whole = yaml.safe_load(render(config))
    files = {name: yaml.safe_load((tmp_path / name).read_text()) for name in resource_files.FILES}
    clusters = [_untyped(c) for c in files["clusters.yaml"]["resources"]]
    assert clusters == whole["static_resources"]["clusters"]
    (routes,) = files["routes.yaml"]["resources"]
    (listener,) = (_untyped(found) for found in files["listeners.yaml"]["resources"])
    manager = listener["filter_chains"][0]["filters"][0]["typed_config"]
    assert manager.pop("rds")["config_source"]["path_config_source"]["path"] == str(
        tmp_path / "routes.yaml"
    )
    manager["route_config"] = {k: v for k, v in _untyped(routes).items() if k != "name"}
    assert [listener] == whole["static_resources"]["listeners"]
    assert files["envoy.yaml"]["admin"] == whole["admin"]


def _untyped(resource: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in resource.items() if key != "@type"}


def test_only_what_changed_is_touched(tmp_path: Path) -> None:
    """Envoy reloads a file that is replaced, even by the same text."""
    assert write(tmp_path, ONE) == list(resource_files.FILES)
    inodes = {name: (tmp_path / name).stat().st_ino for name in resource_files.FILES}
    assert write(tmp_path, ONE) == []
    assert {name: (tmp_path / name).stat().st_ino for name in resource_files.FILES} == inodes
    assert write(tmp_path, ONE, TWO) == ["clusters.yaml", "routes.yaml"]
    assert sorted(os.listdir(tmp_path)) == sorted(resource_files.FILES)


def test_clusters_stay_while_requests_may_need_them(tmp_path: Path) -> None:
    """Envoy loads the clusters before the routes, so the old routes still use the old ones."""
    write(tmp_path, ONE, TWO)
    assert write(tmp_path, MOVED) == ["clusters.yaml", "routes.yaml"]
    assert upstreams(tmp_path) == ["10.0.0.3:80", "10.0.0.1:80", "10.0.0.2:80"]
    assert write(tmp_path, MOVED) == []
    assert write(tmp_path, MOVED, TWO) == ["clusters.yaml", "routes.yaml"]
    assert upstreams(tmp_path) == ["10.0.0.3:80", "10.0.0.2:80"]


@pytest.mark.parametrize("damage", ["{", "resources:\n- 7\n", "resources:\n- {type: STATIC}\n", ""])
def test_damaged_files_of_ours_are_replaced(tmp_path: Path, damage: str) -> None:
    """Envoy cannot have loaded them."""
    write(tmp_path, ONE)
    (tmp_path / "clusters.yaml").write_text(resource_files.MARK + damage)
    assert write(tmp_path, ONE) == ["clusters.yaml"]
    assert upstreams(tmp_path) == ["10.0.0.1:80"]


@pytest.mark.parametrize("text", [b"resources: []\n", b"", b"\xff"])
def test_files_of_somebody_else_are_not_replaced(tmp_path: Path, text: bytes) -> None:
    """The directory may be the one of another Envoy."""
    (tmp_path / "routes.yaml").write_bytes(text)
    with pytest.raises(ConfigurationError, match=r"routes\.yaml was not written by this command"):
        write(tmp_path, ONE)
    assert os.listdir(tmp_path) == ["routes.yaml"]
    assert (tmp_path / "routes.yaml").read_bytes() == text


def test_a_name_that_is_taken(tmp_path: Path) -> None:
    """Nothing is written if one of the files cannot be."""
    (tmp_path / "listeners.yaml").mkdir()
    with pytest.raises(ConfigurationError, match=r"cannot read .*listeners\.yaml: Is a directory"):
        write(tmp_path, ONE)
    assert os.listdir(tmp_path) == ["listeners.yaml"]


def test_a_directory_that_cannot_be_used(tmp_path: Path) -> None:
    """Such as a file, or one without a parent."""
    (tmp_path / "file").touch()
    for name, why in (("file", "File exists"), ("missing/directory", "No such file")):
        with pytest.raises(ConfigurationError, match=f"cannot use the directory .*{name}: {why}"):
            write(tmp_path / name, ONE)


def test_a_full_disk_changes_nothing(tmp_path: Path) -> None:
    """The new files are complete before the first one is moved into place."""
    write(tmp_path, ONE)
    before = {name: (tmp_path / name).read_text() for name in resource_files.FILES}
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(ConfigurationError, match="File too large; no file was changed"):
            write(tmp_path, ONE, TWO)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == before


def test_the_directory_says_who_may_read(tmp_path: Path) -> None:
    """The files contain the token; Envoy may run as another user, in the directory's group."""
    private, shared = tmp_path / "private", tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o2750)
    for directory, mode in ((private, 0o600), (shared, 0o640)):
        write(directory, ONE)
        modes = {stat.S_IMODE((directory / name).stat().st_mode) for name in resource_files.FILES}
        assert modes == {mode}
    assert stat.S_IMODE(private.stat().st_mode) == 0o700


def test_writers_at_the_same_time_do_not_mix(tmp_path: Path) -> None:
    """The files are always those of one writer."""
    settings = tmp_path / "adapter.yaml"
    platform = {"base_url": "http://127.0.0.1:9", "organization_id": "o", "environment_id": "e"}
    settings.write_text(
        yaml.safe_dump({"platform": {**platform, "client_id": "c", "client_secret": "s"}})
    )
    command = (sys.executable, "-m", "adapter", "envoy-config", "--config", str(settings))
    writers = [
        subprocess.Popen([*command, "--output-dir", str(tmp_path / "envoy"), "--api", api])
        for api in (ONE, TWO, MOVED)
    ]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    routes = (tmp_path / "envoy" / "routes.yaml").read_text()
    assert [name for name in upstreams(tmp_path / "envoy") if name in routes] == [
        upstreams(tmp_path / "envoy")[0]
    ]
