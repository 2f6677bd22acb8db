"""Mistakes in settings files and variables, with the exact message that each gets.

No message shows a word of Python or of its libraries, and none shows a secret.
"""

from pathlib import Path

import pytest

from adapter.errors import ConfigurationError
from adapter.settings import load_settings

GOOD = """\
platform:
  base_url: https://platform.test
  organization_id: org
  environment_id: env
  client_id: gateway
  client_secret: hidden
"""
PREFIX = "POLICY_ADAPTER_"
TOKEN_FAULT = (
    "listener.token: must have ASCII characters only, without blanks or line breaks at its ends, "
    "because Envoy cannot send others as gRPC metadata"
)
HOST_FAULT = (
    "identity.allowed_hosts.0: must be a host alone, such as login.test or *.login.test, without "
    "https://, port and path"
)

MISTAKES = [
    (
        "listener: {adress: 'a:1'}",
        "listener.adress: unknown setting; did you mean listener.address?",
    ),
    ("max_age_s: 60", "max_age_s: unknown setting; did you mean gatekeeper.max_age_s?"),
    ("plaform: {}", "plaform: unknown setting; did you mean platform?"),
    ("nothing: 1", "nothing: unknown setting"),
    (
        "requests: {bindings: [{api: '1', api_id: '1', authority: a}]}",
        "requests.bindings.0.api: unknown setting; did you mean requests.bindings.0.api_id?",
    ),
    ("listener: {token: 'secret '}", TOKEN_FAULT),
    ('listener: {token: "secret\\n"}', TOKEN_FAULT),
    ('listener: {token: "a\\tb"}', TOKEN_FAULT),
    ("listener: {token: schlüssel}", TOKEN_FAULT),
    ("identity: {allowed_hosts: ['https://login.test']}", HOST_FAULT),
    ("identity: {allowed_hosts: ['login.test:443']}", HOST_FAULT),
    (
        "listener: yes",
        "listener: must be a group of settings, each on an indented line as NAME: VALUE",
    ),
    ("listener: {address: 9001}", "listener.address: '9001' is not HOST:PORT"),
    (
        "listener: {address: 'unix:'}",
        "listener.address: 'unix:' names no socket: add its path or name",
    ),
    (
        "listener: {socket_mode: rw-rw----}",
        'listener.socket_mode: must be permissions in octal, such as "0660"',
    ),
    ("listener: {token: ''}", "listener.token: must not be empty"),
    ("listener: {transport: grpc}", "listener.transport: must be asyncio or grpcio"),
    ("listener: {max_connections: lots}", "listener.max_connections: must be a whole number"),
    ("listener: {max_connections: 1}", "listener.max_connections: must be at least 16"),
    (
        "listener: {tls_key_file: key.pem}",
        "listener: set both tls_certificate_file and tls_key_file, or neither",
    ),
    (
        "listener: {tls_key_file: '', tls_certificate_file: a.pem}",
        "listener.tls_key_file: must not be empty; for none, write null",
    ),
    ("quota: {store: rdis}", "quota.store: must be memory or redis"),
    ("quota: {store: redis}", "quota: set both store: redis and url, or neither"),
    ("quota: {deadline_s: 50ms}", "quota.deadline_s: must be a number"),
    ("quota: {deadline_s: 0}", "quota.deadline_s: must be greater than 0"),
    ("quota: {deadline_s: .inf}", "quota.deadline_s: must be a number"),
    ("quota: {connections: 65}", "quota.connections: must be at most 64"),
    ("quota: {max_windows: 1.5}", "quota.max_windows: must be a whole number"),
    (
        "quota: {prefix: '{a}'}",
        "quota.prefix: must contain no braces, which would break a cluster's hash tags",
    ),
    ("quota: {prefix: [a]}", "quota.prefix: must be text"),
    (
        "quota: {when_down: null}",
        "quota.when_down: has no value; write one",
    ),
    ("identity: {allow_http: perhaps}", "identity.allow_http: must be true or false"),
    (
        "identity: {allow_networks: [10.0.0.1/8]}",
        "identity.allow_networks.0: '10.0.0.1/8' is an address inside a network; "
        "the network is 10.0.0.0/8",
    ),
    (
        "identity: {allow_networks: [intranet]}",
        "identity.allow_networks.0: 'intranet' is not a network (CIDR), such as 10.20.0.0/16 or "
        "fd00::/8",
    ),
    (
        "identity: {client_provider: {issuer: idp.test}}",
        "identity.client_provider.issuer: must be a URL that begins with http:// or https://",
    ),
    (
        "requests: {client_address_header: 'x client'}",
        "requests.client_address_header: must be the name of a header, such as x-client-ip",
    ),
    (
        "requests: {identity_header_prefix: X-Client}",
        "requests.identity_header_prefix: must have small letters, digits and hyphens, and end "
        "with a hyphen, such as x-adapter-",
    ),
    ("requests: {bindings: {api_id: 1}}", "requests.bindings: must be a list, such as [a, b]"),
    (
        "requests: {bindings: [{api_id: 1}]}",
        "requests.bindings.0: set exactly one of route_name, route_metadata, authority "
        "and a destination (destination_principal, destination_port or both)",
    ),
    (
        "requests: {bindings: [{authority: a.test}]}",
        "requests.bindings.0.api_id: is missing",
    ),
    (
        "observability: {inspection_address: '0.0.0.0:9103'}",
        "observability.inspection_address: '0.0.0.0:9103' is not a loopback address, such as "
        "127.0.0.1:9103",
    ),
    (
        "observability: {inspection_address: 'inspect.test:9103'}",
        "observability.inspection_address: 'inspect.test:9103' is not a loopback address, such as "
        "127.0.0.1:9103",
    ),
    ("state_directory: ''", "state_directory: must not be empty; for none, write null"),
    ("state_directory: [a]", "state_directory: must be the path of a file or directory"),
]

PLATFORM_MISTAKES = [
    (
        "base_url",
        "anypoint.mulesoft.com",
        "platform.base_url: must be a URL that begins with http:// or https://",
    ),
    (
        "base_url",
        "ftp://a.test",
        "platform.base_url: must be a URL that begins with http:// or https://",
    ),
    (
        "base_url",
        "https://me:secret@a.test",
        "platform.base_url: must contain neither a user name nor a query, as in https://HOST:PORT",
    ),
    ("organization_id", "''", "platform.organization_id: must not be empty"),
    (
        "organization_id",
        "",
        "platform.organization_id: is missing; set it in the file or as "
        "POLICY_ADAPTER_PLATFORM__ORGANIZATION_ID",
    ),
    ("client_secret", "''", "platform.client_secret: must not be empty"),
    (
        "apis",
        "[]",
        "platform.apis: must be environment, or a list of ids of API instances, such as "
        "[18912, 18913]",
    ),
    (
        "apis",
        "{a: 1}",
        "platform.apis: must be environment, or a list of ids of API instances, such as "
        "[18912, 18913]",
    ),
    ("poll_interval_s", "15s", "platform.poll_interval_s: must be a number"),
    ("concurrency", "'true'", "platform.concurrency: must be a whole number"),
]

VARIABLES = [
    (
        "PLATFORM_CLIENT_ID",
        f"{PREFIX}PLATFORM_CLIENT_ID: unknown setting; did you mean {PREFIX}PLATFORM__CLIENT_ID?",
    ),
    ("PLATFORM", f"{PREFIX}PLATFORM: unknown setting"),
    ("LISTENR", f"{PREFIX}LISTENR: unknown setting"),
    (
        "REQUESTS__BINDINGS",
        "requests.bindings.0: must be a group of settings, each on an indented line as NAME: VALUE",
    ),
    ("QUOTA__MAX_WINDOWS", "quota.max_windows: must be a whole number"),
]

TEXTS = [
    ("platform: [", ", line 1, column 12: expected the node content, but found '<stream end>'"),
    ("a: 1\n\tb: 2", ", line 2, column 1: found character '\\t' that cannot start any token"),
    ("listener: {}\nlistener: {}", ", line 2, column 1: listener occurs twice in one group"),
    ("a: \0", ": it contains control characters"),
    (
        "a: !!python/name:os.system",
        ", line 1, column 4: could not determine a constructor for the "
        "tag 'tag:yaml.org,2002:python/name:os.system'",
    ),
]


def faults(file: Path, text: str) -> list[str]:
    """What is said about this file, a line for each fault."""
    file.write_text(text)
    with pytest.raises(ConfigurationError) as error:
        load_settings(file)
    head, *lines = str(error.value).splitlines()
    assert head == f"bad settings in {file} or the environment:"
    return [line.strip() for line in lines]


@pytest.mark.parametrize(("mistake", "message"), MISTAKES)
def test_a_mistake_in_a_group(tmp_path: Path, mistake: str, message: str) -> None:
    """One line says which setting, and what it must be."""
    assert faults(tmp_path / "adapter.yaml", f"{GOOD}{mistake}\n") == [message]


@pytest.mark.parametrize(("name", "value", "message"), PLATFORM_MISTAKES)
def test_a_mistake_about_the_platform(tmp_path: Path, name: str, value: str, message: str) -> None:
    """The same in the one group that has no defaults."""
    lines = [line for line in GOOD.splitlines() if not line.startswith(f"  {name}:")]
    text = "\n".join([*lines, f"  {name}: {value}", ""])
    assert faults(tmp_path / "adapter.yaml", text) == [message]


@pytest.mark.parametrize(("name", "message"), VARIABLES)
def test_a_mistake_in_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, message: str
) -> None:
    """A variable that sets nothing is named, with a similar one; a bad value is its setting's."""
    monkeypatch.setenv(f"{PREFIX}{name}", "nonsense")
    assert faults(tmp_path / "adapter.yaml", GOOD) == [message]


@pytest.mark.parametrize(("text", "message"), TEXTS)
def test_a_file_that_is_not_yaml(tmp_path: Path, text: str, message: str) -> None:
    """Where the fault is, in YAML's own words."""
    file = tmp_path / "adapter.yaml"
    file.write_text(text)
    with pytest.raises(ConfigurationError) as error:
        load_settings(file)
    assert str(error.value) == f"{file} is not YAML{message}"


@pytest.mark.parametrize(
    ("content", "why"), [(None, "Is a directory"), (b"\xff", "it is not UTF-8 text")]
)
def test_a_file_that_cannot_be_read(tmp_path: Path, content: bytes | None, why: str) -> None:
    """By the system's words, without a number."""
    file = tmp_path / "adapter.yaml"
    if content is None:
        file.mkdir()
    else:
        file.write_bytes(content)
    with pytest.raises(ConfigurationError) as error:
        load_settings(file)
    assert str(error.value) == f"cannot read the settings file {file}: {why}"
