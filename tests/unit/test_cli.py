"""The commands as someone types them; `serve` is tested as a process, in tests/e2e."""

import stat
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from adapter.cli import app

ROUTE = "18912=http://127.0.0.1:8000/orders"
SETTINGS = {
    "platform": {
        "base_url": "http://127.0.0.1:9",
        "organization_id": "org",
        "environment_id": "env",
        "client_id": "gateway",
        "client_secret": "hidden",
    },
    "listener": {"address": "unix:/run/adapter.sock", "token": "between-us"},
}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A file of good settings."""
    file = tmp_path / "adapter.yaml"
    file.write_text(yaml.safe_dump(SETTINGS))
    return file


def run(*arguments: object) -> Result:
    """What the command says, and its exit code."""
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_envoy_config_takes_what_the_settings_say(config: Path) -> None:
    """Address, token and header names are not to be typed twice."""
    result = run("envoy-config", "--config", config, "--api", ROUTE)
    assert result.exit_code == 0
    (listener,) = (bootstrap := yaml.safe_load(result.stdout))["static_resources"]["listeners"]
    assert listener["address"]["socket_address"] == {"address": "0.0.0.0", "port_value": 8080}
    assert "/run/adapter.sock" in str(bootstrap["static_resources"]["clusters"])
    assert result.stdout.count("between-us") == 2
    assert "hidden" not in result.stdout


def test_each_api_may_have_a_domain_a_path_and_grpc(config: Path) -> None:
    """`ID@DOMAIN=grpc://HOST:PORT/PREFIX`, as often as there are APIs."""
    apis = ("--api", "1@a.test=grpc://127.0.0.1:50051", "--api", "2@b.test=http://127.0.0.1:8/pay")
    output = run("envoy-config", "--config", config, *apis, "--adapter", "127.0.0.1:1").stdout
    (listener,) = yaml.safe_load(output)["static_resources"]["listeners"]
    manager = listener["filter_chains"][0]["filters"][0]["typed_config"]
    hosts = manager["route_config"]["virtual_hosts"]
    assert [host["domains"] for host in hosts] == [["a.test"], ["b.test"]]
    matches = [host["routes"][0]["match"] for host in hosts]
    assert matches == [{"prefix": "/"}, {"path_separated_prefix": "/pay"}]


def test_a_proxy_in_front_of_envoy_can_be_trusted(config: Path) -> None:
    """The number of hops reaches the connection manager; a negative number is refused."""
    hops = ("envoy-config", "--config", config, "--api", ROUTE, "--trusted-hops")
    (listener,) = yaml.safe_load(run(*hops, 2).stdout)["static_resources"]["listeners"]
    manager = listener["filter_chains"][0]["filters"][0]["typed_config"]
    assert manager["xff_num_trusted_hops"] == 2
    refused = run(*hops, -1)
    assert refused.exit_code == 2
    assert "'--trusted-hops': must be at least 0" in refused.stderr


def test_a_file_is_its_owners_alone(config: Path, tmp_path: Path) -> None:
    """It holds the token; one that others could read before is closed to them."""
    output = tmp_path / "envoy.yaml"
    output.touch(mode=0o644)
    result = run("envoy-config", "--config", config, "--api", ROUTE, "--output", output)
    assert (result.exit_code, result.stdout) == (0, "")
    assert stat.S_IMODE(output.stat().st_mode) == 0o600
    assert "between-us" in output.read_text()


def test_a_file_of_its_own_is_replaced_and_no_other(config: Path, tmp_path: Path) -> None:
    """A mistake in a name does not cost the only copy of the settings."""
    output, before = tmp_path / "envoy.yaml", config.read_text()
    command = ("envoy-config", "--config", config, "--api", ROUTE, "--output")
    output.write_text(run(*command[:-1]).stdout)
    for _ in range(2):
        assert run(*command, output).exit_code == 0
    result = run(*command, config)
    assert result.exit_code == 2
    assert result.stderr == (
        f"policy-adapter: {config} was not written by this command; move it away, or choose "
        "another file\n"
    )
    assert config.read_text() == before
    assert {path.name for path in tmp_path.iterdir()} == {config.name, "envoy.yaml"}


def test_a_device_gets_the_text(config: Path) -> None:
    """It can't be replaced as a whole."""
    command = ("envoy-config", "--config", config, "--api", ROUTE, "--output", "/dev/null")
    assert run(*command).exit_code == 0
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (("--api", "nonsense"), "'nonsense' is not ID[@DOMAIN][/PREFIX]=http://HOST:PORT[/PREFIX]"),
        (("--api", "1=http://127.0.0.1"), "the URL has no port; write http://127.0.0.1:80"),
        (
            ("--api", ROUTE, "--api", "2=http://127.0.0.1:8/orders"),
            "have the same domain and path: */orders",
        ),
        (("--api", ROUTE, "--listen", "8080"), "listen: '8080'"),
        (("--api", ROUTE, "--admin", "localhost"), "admin: 'localhost'"),
        (
            ("--api", ROUTE, "--listen", "127.0.0.1:9901"),
            "admin: 127.0.0.1:9901 is also the address of the listener; choose another port",
        ),
        (
            ("--api", ROUTE, "--adapter", "127.0.0.1:1", "--adapter", "127.0.0.1:1"),
            "adapter: 127.0.0.1:1 is given twice; name each adapter process once",
        ),
        (
            ("--api", ROUTE, "--access-log", "stdout"),
            "--access-log: write /dev/stdout; stdout is a file",
        ),
        (("--api", "1=http://h:99999"), "upstream 'h:99999' has a port above 65535"),
        (("--api", ROUTE, "--adapter", "nowhere"), "adapter: 'nowhere'"),
        (("--api", ROUTE, "--adapter-ca-file", "ca.pem"), "listener.tls_certificate_file and --"),
        (
            ("--api", ROUTE, "--client-ca-file", "ca.pem"),
            "needs both --listener-certificate-file and --listener-key-file",
        ),
        (("--api", ROUTE, "--upstream-ca-file", "x"), "no service has https:// or grpcs://"),
        (("--api", ROUTE, "--output", "/dev/null/x"), "cannot write /dev/null/x"),
        ((), "--api"),
    ],
)
def test_what_cannot_be_used_is_named(config: Path, arguments: tuple[str, ...], fault: str) -> None:
    """Exit code 2 and a line that says what is wrong; nothing is printed for Envoy to read."""
    result = run("envoy-config", "--config", config, *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert fault in result.stderr


@pytest.mark.parametrize("api", ["1@shop.test/orders", "1@shop.test=http://a:80/orders"])
def test_fragments_need_no_service(config: Path, api: str) -> None:
    """An Envoy that exists has routes to its services already."""
    result = run("envoy-config", "--config", config, "--fragment", "--api", api)
    assert result.exit_code == 0
    documents = list(yaml.safe_load_all(result.stdout))
    (extensions,) = [d for d in documents if "api_id" in str(d)]
    assert "'api_id': '1', 'client_address': 'attested', 'api_chosen_by': 'path'" in str(extensions)
    assert result.stdout.count("between-us") == 2


def test_options_without_effect_on_fragments_are_refused(config: Path) -> None:
    """Nobody believes that they have configured what is not printed."""
    options = ("--listen", "0.0.0.0:8080", "--rewrite-host", "--api", "1", "--trusted-hops", "1")
    result = run("envoy-config", "--config", config, "--fragment", *options)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.splitlines() == [
        "policy-adapter: --listen: has no effect on fragments; leave it out",
        "--rewrite-host: has no effect on fragments; leave it out",
    ]


def test_a_directory_that_envoy_reloads(config: Path, tmp_path: Path) -> None:
    """The command says what it has written, and when Envoy must be restarted."""
    directory = tmp_path / "envoy"
    command = ("envoy-config", "--config", config, "--output-dir", directory, "--api", ROUTE)
    first, again, more, admin = (
        run(*command),
        run(*command),
        run(*command, "--api", "2=http://127.0.0.1:8001/pay"),
        run(*command, "--api", "2=http://127.0.0.1:8001/pay", "--admin", "127.0.0.1:9902"),
    )
    assert first.stdout.splitlines() == [
        f"written to {directory}: clusters.yaml, routes.yaml, listeners.yaml, envoy.yaml",
        f"start Envoy, or restart it: envoy -c {directory}/envoy.yaml",
    ]
    assert again.stdout == "nothing changed\n"
    assert more.stdout == f"written to {directory}: clusters.yaml, routes.yaml\n"
    assert "restart it" in admin.stdout


@pytest.mark.parametrize("other", [("--fragment",), ("--output", "x.yaml")])
def test_a_directory_is_one_of_three_ways(
    config: Path, tmp_path: Path, other: tuple[str, ...]
) -> None:
    """Nothing is written if it is not clear what is wanted."""
    directory = tmp_path / "envoy"
    command = ("envoy-config", "--config", config, "--output-dir", directory, "--api", ROUTE)
    result = run(*command, *other)
    assert (result.exit_code, result.stdout, directory.exists()) == (2, "", False)
    assert "--output-dir: cannot be used together with --fragment or --output" in result.stderr


def test_all_mistakes_are_named_at_once(config: Path) -> None:
    """In the APIs, in their URLs, in addresses and in files; each in a line of its own."""
    apis = ("--api", "1=ftp://a", "--api", "2@a:80=http://a:80", "--api", "x")
    others = ("--listen", "8080", "--client-ca-file", "ca.pem", "--adapter-ca-file", "ca.pem")
    result = run("envoy-config", "--config", config, *apis, *others)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.splitlines() == [
        "policy-adapter: --api '1=ftp://a': unknown scheme 'ftp'; use http, https, grpc or grpcs",
        "--api '1=ftp://a': the URL has no port; write ftp://a:PORT",
        "--api 'x' is not ID[@DOMAIN][/PREFIX]=http://HOST:PORT[/PREFIX]",
        "TLS between Envoy and the adapters needs both listener.tls_certificate_file and "
        "--adapter-ca-file",
        "TLS for clients needs both --listener-certificate-file and --listener-key-file",
        "listen: '8080' is not of the form host:port",
        "API 2: domain 'a:80' has a port: leave it out, because Envoy ignores the port of a host",
    ]


@pytest.mark.parametrize("asks_for_one", [False, True])
def test_envoy_is_told_how_to_know_adapters_that_serve_tls(
    tmp_path: Path, *, asks_for_one: bool
) -> None:
    """On both clusters, with Envoy's own certificate where it is given."""
    config = tls_config(tmp_path, asks_for_one=asks_for_one)
    files = {"--adapter-ca-file": "/tls/ca.pem"}
    if asks_for_one:
        files |= {"--certificate-file": "/tls/envoy.pem", "--key-file": "/tls/envoy.key"}
    arguments = [text for pair in files.items() for text in pair]
    output = run("envoy-config", "--config", config, "--api", ROUTE, *arguments).stdout
    adapters = yaml.safe_load(output)["static_resources"]["clusters"][:2]
    for text in files.values():
        assert all(text in str(cluster["transport_socket"]) for cluster in adapters)


def test_envoy_is_told_to_ask_clients_for_certificates(config: Path) -> None:
    """With TLS and without client CAs, clients need no certificate and Checks contain none."""
    files = ("--listener-certificate-file", "a.pem", "--listener-key-file", "a.key")
    command = ("envoy-config", "--config", config, "--api", ROUTE, *files)
    with_tls, mutual = run(*command).stdout, run(*command, "--client-ca-file", "ca.pem").stdout
    for output in (with_tls, mutual):
        (listener,) = yaml.safe_load(output)["static_resources"]["listeners"]
        assert "a.key" in str(listener["filter_chains"][0]["transport_socket"])
    for wanted in ("require_client_certificate: true", "ca.pem", "SANITIZE_SET"):
        assert wanted in mutual
        assert wanted not in with_tls
    assert "include_peer_certificate: true" in mutual


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        ((), "needs both listener.tls_certificate_file and --adapter-ca-file"),
        (("--adapter-ca-file", "ca.pem"), "tls_client_ca_file asks Envoy for a certificate"),
        (
            ("--adapter-ca-file", "ca.pem", "--certificate-file", "x"),
            "set both --certificate-file and --key-file",
        ),
    ],
)
def test_a_tls_listener_is_not_reached_in_clear(
    tmp_path: Path, arguments: tuple[str, ...], fault: str
) -> None:
    """A configuration that could not work is not written."""
    config = tls_config(tmp_path, asks_for_one=True)
    result = run("envoy-config", "--config", config, "--api", ROUTE, *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert fault in result.stderr


def tls_config(directory: Path, *, asks_for_one: bool) -> Path:
    """A file of settings whose listener serves TLS; it may ask for a certificate, too."""
    listener = {"tls_certificate_file": "own.pem", "tls_key_file": "own.key"}
    listener |= {"tls_client_ca_file": "ca.pem"} if asks_for_one else {}
    file = directory / "tls.yaml"
    file.write_text(yaml.safe_dump(SETTINGS | {"listener": listener}))
    return file


@pytest.mark.parametrize("command", ["serve", "check-config", "envoy-config"])
def test_a_missing_settings_file_is_named(tmp_path: Path, command: str) -> None:
    """By every command, in the same way."""
    arguments = ("--api", ROUTE) if command == "envoy-config" else ()
    result = run(command, "--config", tmp_path / "missing.yaml", *arguments)
    assert result.exit_code == 2
    assert "missing.yaml" in result.stderr


def test_good_settings_are_said_to_be_good(config: Path) -> None:
    """And the secret in them is not repeated."""
    result = run("check-config", "--config", config)
    assert result.exit_code == 0
    assert "http://127.0.0.1:9" in result.stdout
    assert "hidden" not in result.output
