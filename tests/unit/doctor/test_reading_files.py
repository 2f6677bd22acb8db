"""Files of every kind: good ones in all forms, and those that are none."""

import json
import socket
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import yaml

from adapter.doctor import as_text, examine, read_admin, read_file
from adapter.doctor.reading.documents import MOST_BYTES
from adapter.doctor.reading.files import resources_of_bootstrap
from adapter.doctor.reading.resources import envoy_of
from adapter.errors import ConfigurationError
from tests.unit.doctor.configurations import GOOD, Parts, known
from tests.unit.doctor.test_running_envoy import answers


def codes(file: Path) -> set[str]:
    """The codes of all findings."""
    return {finding.code for finding in examine(read_file(file), known())}


def camel(value: Any) -> Any:
    """The same document with protobuf's other form of field names."""
    if isinstance(value, list):
        return [camel(item) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {"context_extensions", "typed_per_filter_config", "typed_extension_protocol_options"}
    return {
        _camel(name): (
            {key: camel(item) for key, item in inner.items()} if name in kept else camel(inner)
        )
        for name, inner in value.items()
    }


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def test_yaml_and_json_in_both_forms_of_names(tmp_path: Path) -> None:
    """All four say the same."""
    parts = Parts()
    parts.ext_authz["failure_mode_allow"] = True
    for number, document in enumerate((parts.bootstrap, camel(parts.bootstrap))):
        for write in (yaml.safe_dump, json.dumps):
            file = tmp_path / f"{number}-{write.__module__}"
            file.write_text(write(document))
            assert codes(file) == {"failure_mode_allow"}


def test_json_without_quotes_is_yaml(tmp_path: Path) -> None:
    """YAML's flow style also begins with a brace."""
    file = tmp_path / "envoy.yaml"
    file.write_text("{static_resources: {listeners: []}}")
    assert codes(file) == {"no_http_listener"}


def test_a_saved_dump(tmp_path: Path) -> None:
    """For an Envoy that the doctor cannot reach."""
    file = tmp_path / "dump.json"
    file.write_text(json.dumps(answers(Parts())["/config_dump"]))
    assert codes(file) == set()


@pytest.mark.parametrize("field", ["path", "path_config_source"])
def test_listeners_routes_and_clusters_in_files_of_their_own(tmp_path: Path, field: str) -> None:
    """Envoy's file-based discovery. Files that are elsewhere on Envoy's machine may lie beside."""
    parts = Parts()
    routes = {**parts.manager.pop("route_config"), "name": "routes"}
    parts.cluster.update(type="EDS", eds_cluster_config={"eds_config": source("eds", field)})
    endpoints = parts.cluster.pop("load_assignment")
    parts.manager["rds"] = {"route_config_name": "routes", "config_source": source("rds", field)}
    static = parts.bootstrap.pop("static_resources")
    resources = {
        "lds": static["listeners"],
        "cds": static["clusters"],
        "rds": [routes],
        "eds": [endpoints],
    }
    for name, found in resources.items():
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump({"resources": found}))
    parts.bootstrap["dynamic_resources"] = {
        "lds_config": source("lds", field),
        "cds_config": source("cds", field),
    }
    file = tmp_path / "envoy.yaml"
    file.write_text(yaml.safe_dump(parts.bootstrap))
    assert codes(file) == set()
    routes["virtual_hosts"][0]["routes"][0]["match"] = {"prefix": "/orders"}
    (tmp_path / "rds.yaml").write_text(yaml.safe_dump({"resources": [routes]}))
    assert codes(file) == {"prefix_without_slash"}
    (tmp_path / "rds.yaml").write_text("resources: 1")
    with pytest.raises(ConfigurationError, match=r"rds\.yaml has no list of resources"):
        read_file(file)
    (tmp_path / "rds.yaml").unlink()
    with pytest.raises(ConfigurationError, match=r"cannot read /on/envoys/machine/rds\.yaml"):
        read_file(file)


def source(name: str, field: str) -> dict[str, Any]:
    """A configuration source that is a file."""
    path = f"/on/envoys/machine/{name}.yaml"
    return {"path": path} if field == "path" else {"path_config_source": {"path": path}}


LETTERS = "abcdefghi"
BOMB = "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n" for before, name in pairwise(LETTERS)
)
"""Nine short lines that make a thousand million values."""


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is not an Envoy configuration"),
        (b"hello", "is not an Envoy configuration"),
        (b"- 1", "is not an Envoy configuration"),
        (b"static_resource: {}", "has neither static_resources nor dynamic_resources"),
        (b"resources: []", "it is a file for discovery (LDS, RDS, CDS, EDS); give the bootstrap"),
        (b"admin: {}\n---\na: 1", "line 2: but found another document"),
        (b"a: b: between-us", "is neither YAML nor JSON: line 1: mapping values are not allowed"),
        (b'{"token": "between-us" 1}', "is neither YAML nor JSON: line 1"),
        (b"\xff\xfe\x00", "is neither YAML nor JSON"),
        (b"a: !!python/object:os.system {}", "is neither YAML nor JSON"),
        (b"[" * 100_000, "is neither YAML nor JSON"),
        (b"{a: " * 200 + b"1" + b"}" * 200, "too many or too deeply nested values"),
        (BOMB.encode(), "too many or too deeply nested values"),
    ],
)
def test_something_that_is_no_configuration(tmp_path: Path, content: bytes, said: str) -> None:
    """The message names the file, and repeats nothing of it that may be secret."""
    file = tmp_path / "envoy.yaml"
    file.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"envoy\.yaml") as raised:
        read_file(file)
    assert said in str(raised.value)
    assert "between-us" not in str(raised.value)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    """Missing, a directory, or far too long."""
    for file, said in ((tmp_path / "no.yaml", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(ConfigurationError, match=said):
            read_file(file)
    long = tmp_path / "long.yaml"
    with long.open("wb") as opened:
        opened.truncate(MOST_BYTES + 1)
    with pytest.raises(ConfigurationError, match="is longer than 64 MiB"):
        read_file(long)


@pytest.mark.parametrize("damaged", [None, 7, "x", [], {}, [None], {"a": None}, [[]], True])
def test_values_of_any_type_are_examined(damaged: Any) -> None:
    """A broken part never ends the examination. Whether Envoy accepts it is another question."""
    document = yaml.safe_load(GOOD)
    adapter = known(token="x", serves_tls=True, forwarded_for_position=2)
    for path in paths(document):
        resources = resources_of_bootstrap(replaced(document, path, damaged))
        as_text(examine(envoy_of(resources), adapter))


def paths(value: Any, depth: int = 0) -> list[tuple[Any, ...]]:
    """The path of each value in the document, except for the outermost."""
    items = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    found: list[tuple[Any, ...]] = []
    for key, inner in items:
        if depth:
            found.append((key,))
        found += [(key, *rest) for rest in paths(inner, depth + 1)]
    return found


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """The document with another value at this path."""
    if not path:
        return new
    copy = value.copy()
    copy[path[0]] = replaced(value[path[0]], path[1:], new)
    return copy


@pytest.mark.parametrize(
    "address",
    [
        *(
            "127.0.0.1:9901",
            "https://127.0.0.1:9901",
            "http://",
            "http://127.0.0.1:x",
            "",
            "ftp://a",
        ),
        *("http://127.0.0.1:9901/config_dump", "http://user:hidden@127.0.0.1", "http://[::1", "\n"),
    ],
)
def test_an_address_that_cannot_be_one(address: str) -> None:
    """The message shows the right form."""
    with pytest.raises(ConfigurationError, match=r"as in http://127\.0\.0\.1:9901"):
        read_admin(address)


def test_an_admin_interface_that_is_not_there() -> None:
    """The port is closed."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(ConfigurationError, match="Connection refused"):
        read_admin(f"http://127.0.0.1:{port}")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ([], "no complete answer to /server_info within 0.2 s"),
        ([b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{"], "no complete answer to /server_info"),
        ([b"HTTP/1.1 200 OK\r\n", *[b"a: b\r\n"] * 90], "no complete answer to /server_info"),
        ([b"SSH-2.0-OpenSSH_9.2\r\n"], "cannot read /server_info"),
        ([b"HTTP/1.1 302 Found\r\nlocation: /\r\n\r\n"], "the answer is 302"),
    ],
)
def test_a_server_that_never_answers(answer: list[bytes], said: str) -> None:
    """The doctor waits a bounded time, also for one that sends a little now and then."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            client, _ = server.accept()
            with client, suppress(OSError):
                client.settimeout(0.01)
                for piece in answer:
                    client.sendall(piece)
                    with suppress(TimeoutError):
                        client.recv(1024)
                client.settimeout(None)
                while client.recv(1024):
                    pass

        thread = Thread(target=serve)
        thread.start()
        with pytest.raises(ConfigurationError, match=said):
            read_admin(f"http://127.0.0.1:{server.getsockname()[1]}", timeout_s=0.2)
        thread.join()
