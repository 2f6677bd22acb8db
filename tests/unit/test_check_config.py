"""What `check-config` and `serve` find on this machine, each with the exact message."""

import datetime
import os
import socket
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
)
from typer.testing import CliRunner

from adapter.app.preflight.findings import Findings
from adapter.app.preflight.identity import check_identity
from adapter.cli import app
from adapter.settings import IdentitySettings
from tests.rig.certificates import Authority

PLATFORM = {
    "base_url": "http://127.0.0.1:9",
    "organization_id": "org",
    "environment_id": "env",
    "client_id": "gateway",
    "client_secret": "hidden",
}
FREE = {
    "listener": {"address": "127.0.0.1:0"},
    "observability": {"metrics_address": "127.0.0.1:0", "inspection_address": None},
}
Groups: TypeAlias = dict[str, Any]


@pytest.fixture(autouse=True)
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with the files that the settings name."""
    monkeypatch.chdir(tmp_path)
    authority = Authority(tmp_path)
    authority.issue("good", ends_in=datetime.timedelta(days=90))
    authority.issue("other")
    authority.issue("old", ends_in=datetime.timedelta(hours=-1))
    authority.issue("soon", ends_in=datetime.timedelta(days=3))
    key = ec.generate_private_key(ec.SECP256R1())
    locked = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x"))
    Path("locked.key").write_bytes(locked)
    Path("text.pem").write_text("nothing")
    Path("folder").mkdir()
    return tmp_path


def check(groups: Groups, command: str = "check-config") -> tuple[int, list[str], list[str]]:
    """Exit code, faults and notes of the command with these settings."""
    config = Path("adapter.yaml")
    merged = {name: FREE.get(name, {}) | groups.get(name, {}) for name in FREE}
    content = {"state_directory": "state", "platform": PLATFORM} | groups | merged
    config.write_text(yaml.safe_dump(content))
    result = CliRunner().invoke(app, [command, "--config", str(config)])
    faults = [line.strip() for line in result.stderr.splitlines()[1:]]
    notes = [line for line in result.stdout.splitlines() if line.startswith("note: ")]
    return result.exit_code, faults, notes


def tls(certificate: str, key: str, **more: str) -> Groups:
    """A listener with these files."""
    return {"listener": {"tls_certificate_file": certificate, "tls_key_file": key} | more}


FAULTS: list[tuple[Groups, list[str]]] = [
    (
        {
            "workers": 3,
            "quota": {"store": "redis", "url": "redis://127.0.0.1"},
            "listener": {"address": "127.0.0.1:65534"},
        },
        [
            "listener.address of worker 2: there is no port 65536; choose a lower listener.address",
        ],
    ),
    (
        {"platform": PLATFORM | {"client_id": "change-me", "client_secret": "Change-Me"}},
        [
            "platform.client_id: is still the example's placeholder; write your platform's value",
            "platform.client_secret: is still the example's placeholder; write your platform's "
            "value",
        ],
    ),
    (
        {"platform": PLATFORM | {"environment_id": "00000000-0000-0000-0000-000000000000"}},
        [
            "platform.environment_id: is still the example's placeholder; write your platform's "
            "value"
        ],
    ),
    (
        tls("missing.pem", "missing.key"),
        [
            "listener.tls_certificate_file: cannot read missing.pem: No such file or directory",
            "listener.tls_key_file: cannot read missing.key: No such file or directory",
        ],
    ),
    (
        tls("good.pem", "other.key"),
        [
            "listener.tls_key_file: the key in other.key does not belong to the certificate in "
            "good.pem"
        ],
    ),
    (
        tls("text.pem", "text.pem"),
        [
            "listener.tls_certificate_file: text.pem contains no PEM certificate",
            "listener.tls_key_file: text.pem contains no PEM private key",
        ],
    ),
    (
        tls("good.pem", "locked.key"),
        ["listener.tls_key_file: the key in locked.key has a passphrase; store it without one"],
    ),
    (
        tls("good.pem", "good.key", tls_client_ca_file="folder"),
        ["listener.tls_client_ca_file: cannot read folder: Is a directory"],
    ),
    (
        {"identity": {"ca_file": "text.pem"}},
        ["identity.ca_file: text.pem contains no PEM certificate"],
    ),
    (
        {"quota": {"store": "redis", "url": "http://127.0.0.1"}},
        [
            "quota.url: the scheme must be one of redis, rediss, redis+sentinel, rediss+sentinel, "
            "redis+cluster, rediss+cluster"
        ],
    ),
    (
        {"quota": {"store": "redis", "url": "127.0.0.1:6379"}},
        ["quota.url: has no scheme; write redis://HOST:PORT, or rediss://HOST:PORT for TLS"],
    ),
    (
        {"listener": {"token": "Change-me"}},
        ["listener.token: is still the example's placeholder; make one with: openssl rand -hex 32"],
    ),
    (
        {"platform": PLATFORM | {"client_secret": "hidden\n"}},
        ["platform.client_secret: begins or ends with a blank or a line break; remove it"],
    ),
    (
        {"quota": {"store": "redis", "url": "redis://h", "ca_file": "authority.pem"}},
        ["quota.ca_file: quota.url has no TLS; begin it with rediss:// or remove this setting"],
    ),
    (
        {"quota": {"store": "redis", "url": "rediss://h", "ca_file": "missing.pem"}},
        ["quota.ca_file: cannot read missing.pem: No such file or directory"],
    ),
    (
        {"listener": {"address": "unix:adapter.sock", "socket_group": "no-such-group"}},
        [
            "listener.socket_group: this machine has no group 'no-such-group'; create it, or name "
            "another one"
        ],
    ),
    (
        {"listener": {"address": "unix:missing/adapter.sock"}},
        ["listener.address: the directory missing does not exist; create it"],
    ),
    (
        {"listener": {"address": "unix:folder"}},
        ["listener.address: folder exists and is not a socket; choose another path"],
    ),
    (
        {"listener": {"address": f"unix:{'x' * 108}"}},
        ["listener.address: the path of the socket has more than 107 bytes"],
    ),
    (
        {"listener": {"address": "192.0.2.1:9001"}},
        [
            "listener.address: 192.0.2.1 is not an address of this machine; choose one of its own, "
            "or 0.0.0.0"
        ],
    ),
    (
        {
            "listener": {"address": "127.0.0.1:19001"},
            "observability": {"metrics_address": "127.0.0.1:19001"},
        },
        [
            "observability.metrics_address: 127.0.0.1:19001 is also listener.address; choose "
            "another port"
        ],
    ),
    (
        {"state_directory": "text.pem/state"},
        [
            "state_directory: text.pem is not a directory; choose another place",
        ],
    ),
    (
        {"state_directory": "/proc/self/state"},
        [
            "state_directory: cannot write to /proc/self: No such file or directory; choose "
            "another directory, or give this user the right to write there"
        ],
    ),
    (
        {"quota": {"file": "folder"}},
        ["quota.file: folder is a directory; name a file in it"],
    ),
    (
        {"disk_copy": {"directory": "text.pem"}},
        ["disk_copy.directory: text.pem is not a directory; choose another place"],
    ),
]


@pytest.mark.parametrize(("groups", "faults"), FAULTS, ids=[row[1][0] for row in FAULTS])
def test_what_serve_would_find_is_found(groups: Groups, faults: list[str]) -> None:
    """Exit code 2, a line for each fault, and the same from `serve`."""
    for command in ("check-config", "serve"):
        assert check(groups, command) == (2, faults, [])


def test_faults_of_all_kinds_are_told_together() -> None:
    """What is wrong in the file, and what is wrong on the machine."""
    groups = tls("good.pem", "other.key") | {
        "platform": PLATFORM | {"client_id": "change-me"},
        "gatekeeper": {"mode": "lax"},
    }
    code, faults, _ = check(groups)
    assert code == 2
    assert [fault.partition(":")[0] for fault in faults] == [
        "gatekeeper.mode",
        "platform.client_id",
        "listener.tls_key_file",
    ]


def test_an_expired_certificate() -> None:
    """With its date."""
    ended = datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=1)
    assert check(tls("old.pem", "old.key")) == (
        2,
        [
            "listener.tls_certificate_file: the certificate in old.pem expired on "
            f"{ended:%Y-%m-%d}; renew it"
        ],
        [],
    )


def test_good_settings_have_exit_code_0() -> None:
    """And what should be looked at is noted."""
    assert check({}) == (0, [], [])
    ends = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=3)
    assert check(tls("soon.pem", "soon.key")) == (
        0,
        [],
        [
            "note: listener.tls_certificate_file: the certificate in soon.pem expires on "
            f"{ends:%Y-%m-%d}; renew it soon"
        ],
    )
    assert check({"state_directory": None}) == (
        0,
        [],
        [
            "note: state_directory: is not set, so a restart while the platform is down denies "
            "every request until the platform is back"
        ],
    )


NOTES: list[tuple[Groups, str]] = [
    (
        {"listener": {"token": "x"}},
        "listener.token: has fewer than 16 characters, so it can be guessed; make one with: "
        "openssl rand -hex 32",
    ),
    (
        {"listener": {"address": "0.0.0.0:0"}},
        "listener.token: is not set, so everybody who reaches 0.0.0.0:0 can ask this adapter; "
        "make one with: openssl rand -hex 32",
    ),
    (
        {"listener": {"socket_group": "0"}},
        "listener.socket_group: has no effect, because 127.0.0.1:0 is no Unix socket with a path",
    ),
    (
        {"platform": PLATFORM | {"apis": ["orders"]}},
        "platform.apis: 'orders' is not a number, and platforms number their API instances; "
        "write the id, not the name",
    ),
    (
        {"platform": PLATFORM | {"poll_interval_s": 86400}},
        "platform.poll_interval_s: changes of policies and contracts arrive up to 86400 s late",
    ),
    (
        {"platform": PLATFORM | {"base_url": "http://platform.test"}},
        "platform.base_url: is http://, so the client secret crosses the network in clear text; "
        "use https://",
    ),
    (
        {"platform": PLATFORM | {"ignored_policy_types": ["cors"]}},
        "platform.ignored_policy_types: policies of type cors have no effect, although this "
        "adapter can enforce them; their APIs are open",
    ),
    (
        {"platform": PLATFORM | {"ignored_policy_types": ["rate-limitting", "my-own"]}},
        "platform.ignored_policy_types: rate-limitting is no type that this adapter knows; "
        "did you mean rate-limiting?",
    ),
    (
        {"identity": {"allow_networks": ["0.0.0.0/0"]}},
        "identity.allow_networks: 0.0.0.0/0 is every address, so API admins can let the adapter "
        "call all servers that it reaches; name your providers' networks",
    ),
]


@pytest.mark.parametrize(("groups", "note"), NOTES, ids=[note for _, note in NOTES])
def test_what_is_possible_and_unlikely_is_noted(groups: Groups, note: str) -> None:
    """The adapter starts, and its log has the note too."""
    assert check(groups) == (0, [], [f"note: {note}"])


def test_nothing_is_noted_about_a_port_that_asks_for_certificates() -> None:
    """Only an Envoy with a certificate gets in, so it needs no token."""
    listener = tls("good.pem", "good.key", tls_client_ca_file="authority.pem")["listener"]
    assert check({"listener": listener | {"address": "0.0.0.0:0"}}) == (0, [], [])


def test_a_relative_socket_is_noted(directory: Path) -> None:
    """Envoy starts in another directory."""
    assert check({"listener": {"address": "unix:adapter.sock"}}) == (
        0,
        [],
        [
            "note: listener.address: adapter.sock is relative to the directory in which serve "
            f"starts, and Envoy would look in its own; write unix:{directory / 'adapter.sock'}"
        ],
    )


def test_a_port_in_use_is_only_noted() -> None:
    """The adapter may be running while its settings are checked; and nothing listens meanwhile."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        assert check({"listener": {"address": address}}) == (
            0,
            [],
            [f"note: listener.address: {address} is in use now; is this adapter running?"],
        )


def test_checking_leaves_nothing(directory: Path) -> None:
    """No directory is created, and no file."""
    before = {path.name for path in directory.iterdir()}
    check({"quota": {"file": "new/windows"}, "listener": {"address": "unix:adapter.sock"}})
    assert {path.name for path in directory.iterdir()} - before == {"adapter.yaml"}


@pytest.mark.parametrize(
    ("name", "value", "fault"),
    [
        (
            "SSL_CERT_FILE",
            "missing.pem",
            "SSL_CERT_FILE: cannot read missing.pem: No such file or directory",
        ),
        ("SSL_CERT_FILE", "text.pem", "SSL_CERT_FILE: text.pem contains no PEM certificate"),
        (
            "SSL_CERT_DIR",
            "missing",
            "SSL_CERT_DIR: cannot read missing: No such file or directory",
        ),
        (
            "ALL_PROXY",
            "socks5://secret@127.0.0.1:9",
            "HTTPS_PROXY, HTTP_PROXY or ALL_PROXY: the proxy in the environment has the "
            "unsupported scheme 'socks5': use http:// or https://",
        ),
    ],
)
def test_the_way_to_the_platform(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, fault: str
) -> None:
    """CAs and proxy of the environment."""
    for other in (
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "HTTPS_PROXY",
        "https_proxy",
        "NO_PROXY",
        "no_proxy",
        "all_proxy",
    ):
        monkeypatch.delenv(other, raising=False)
    monkeypatch.setenv(name, value)
    platform = PLATFORM | {"base_url": "https://platform.test"}
    assert check({"platform": platform}) == (2, [fault], [])


def test_a_group_by_number(directory: Path) -> None:
    """As containers have it, where groups have no names."""
    address = f"unix:{directory / 'adapter.sock'}"
    listener = {"address": address, "socket_group": str(os.getgid())}
    assert check({"listener": listener}) == (0, [], [])


def test_ldap_without_its_library() -> None:
    """A setting that differs from its default says that LDAP is wanted."""
    findings = Findings()
    check_identity(findings, IdentitySettings(ldap_concurrency=32), ldap_installed=False)
    check_identity(findings, IdentitySettings(allow_plain_ldap=True), ldap_installed=True)
    assert findings.faults == []
    check_identity(findings, IdentitySettings(allow_plain_ldap=True), ldap_installed=False)
    assert findings.faults == [
        "identity.allow_plain_ldap: LDAP needs an extra: pip install 'envoy-policy-adapter[ldap]'"
    ]
