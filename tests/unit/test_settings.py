"""The settings file and the environment, as an operator meets them."""

from pathlib import Path

import pytest
import yaml

from adapter.errors import ConfigurationError
from adapter.settings import Settings, load_settings

PLATFORM = {
    "base_url": "https://platform.test",
    "organization_id": "org",
    "environment_id": "env",
    "client_id": "gateway",
    "client_secret": "s3cret-of-the-gateway",
}


def write(path: Path, **groups: object) -> Path:
    """A settings file with those groups beside a good `platform`."""
    file = path / "adapter.yaml"
    file.write_text(yaml.safe_dump({"platform": PLATFORM, **groups}))
    return file


def secret_of(settings: Settings) -> str:
    """The client secret for the platform."""
    account = settings.platform.account
    assert account is not None
    return account.client_secret.get_secret_value()


def test_a_platform_is_all_that_must_be_set(tmp_path: Path) -> None:
    """Every other setting has a default that works."""
    settings = load_settings(write(tmp_path))
    assert settings.platform.apis == "environment"
    assert settings.gatekeeper.mode == "flexible"


def test_all_faults_are_reported_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An operator mends everything in one go: unknown keys, wrong types, bad addresses."""
    monkeypatch.setenv("POLICY_ADAPTER_LISTENR__TOKEN", "x")
    file = write(
        tmp_path,
        listener={"adress": "127.0.0.1:9001"},
        quota={"max_windows": "many"},
        observability={"inspection_address": "0.0.0.0:9103"},
        requests={"bindings": [{"api_id": "1"}]},
    )
    with pytest.raises(ConfigurationError) as error:
        load_settings(file)
    message = str(error.value)
    for part in (
        "POLICY_ADAPTER_LISTENR__TOKEN: unknown setting",
        "listener.adress: unknown setting",
        "quota.max_windows",
        "not a loopback address",
        "exactly one of route_name, route_metadata, authority and a destination",
    ):
        assert part in message


def test_an_old_name_leads_to_the_new_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the file and in the environment, whatever the letters' case."""
    monkeypatch.setenv("POLICY_ADAPTER_LISTENER__tls_key", "own.key")
    file = write(
        tmp_path, listener={"tls_certificate": "own.pem", "tls_client_authority": "ca.pem"}
    )
    with pytest.raises(ConfigurationError) as error:
        load_settings(file)
    for part in (
        "listener.tls_certificate: this setting is now listener.tls_certificate_file",
        "listener.tls_client_authority: this setting is now listener.tls_client_ca_file",
        "__tls_key: this setting is now POLICY_ADAPTER_LISTENER__TLS_KEY_FILE",
    ):
        assert part in str(error.value)


def test_the_environment_overrides_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Secrets need not stand in the file."""
    monkeypatch.setenv("POLICY_ADAPTER_PLATFORM__CLIENT_SECRET", "from-the-environment")
    settings = load_settings(write(tmp_path))
    assert secret_of(settings) == "from-the-environment"
    assert settings.platform.client_id == "gateway"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("platform: [", "is not YAML"),
        ("- a\n- b", "must be a mapping"),
        ("", "platform.client_id: is missing; set it in the file or as POLICY_ADAPTER_PLATFORM__"),
    ],
)
def test_a_broken_file_is_named(tmp_path: Path, content: str, words: str) -> None:
    """Bad YAML, a list, an empty file: the message says which file and what is wrong."""
    file = tmp_path / "broken.yaml"
    file.write_text(content)
    with pytest.raises(ConfigurationError, match=r"broken\.yaml") as error:
        load_settings(file)
    assert words in str(error.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """A path that does not exist is a clear error, not a traceback."""
    with pytest.raises(ConfigurationError, match=r"cannot read the settings file .*absent.yaml"):
        load_settings(tmp_path / "absent.yaml")


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("[1, 2]", ("1", "2")),
        ("[007, '8']", ("007", "8")),
        ("18912", ("18912",)),
        ("18912, 18913", ("18912", "18913")),
        ("environment", "environment"),
    ],
)
def test_ids_of_apis_are_read_as_the_platform_prints_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: str, expected: object
) -> None:
    """Numbers or text, in the file or in the environment."""
    file = tmp_path / "adapter.yaml"
    file.write_text(yaml.safe_dump({"platform": PLATFORM}) + f"  apis: {written}\n")
    assert load_settings(file).platform.apis == expected
    monkeypatch.setenv("POLICY_ADAPTER_PLATFORM__APIS", written)
    assert load_settings(write(tmp_path)).platform.apis == expected


def test_a_text_is_what_was_written(tmp_path: Path) -> None:
    """YAML would read these as the numbers 83, 432 and 1000, a date, and true."""
    file = tmp_path / "adapter.yaml"
    file.write_text(
        "platform: {base_url: 'https://platform.test', organization_id: 0123, client_secret: yes,"
        " environment_id: 2024-01-01, client_id: 1_000}\n"
        "listener: {socket_mode: 0660, socket_group: 1000}\n"
    )
    settings = load_settings(file)
    platform, listener = settings.platform, settings.listener
    ids = platform.organization_id, platform.environment_id, platform.client_id
    assert ids == ("0123", "2024-01-01", "1_000")
    assert secret_of(settings) == "yes"
    assert (listener.socket_mode, listener.socket_group) == ("0660", "1000")


def test_a_group_without_settings_has_its_defaults(tmp_path: Path) -> None:
    """As when each line in it is commented out."""
    assert load_settings(write(tmp_path, listener=None)) == load_settings(write(tmp_path))


def test_lists_and_null_in_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commas separate the parts of a list, or it is written as in YAML; null means none."""
    monkeypatch.setenv("POLICY_ADAPTER_IDENTITY__ALLOWED_HOSTS", "a.test, b.test")
    monkeypatch.setenv("POLICY_ADAPTER_IDENTITY__ALLOW_NETWORKS", '["10.0.0.0/8", "fd00::/8"]')
    monkeypatch.setenv("POLICY_ADAPTER_OBSERVABILITY__INSPECTION_ADDRESS", "null")
    settings = load_settings(write(tmp_path))
    assert settings.identity.allowed_hosts == ("a.test", "b.test")
    assert list(map(str, settings.identity.allow_networks)) == ["10.0.0.0/8", "fd00::/8"]
    assert settings.observability.inspection_address is None


def test_the_state_directory_holds_what_has_no_place_of_its_own(tmp_path: Path) -> None:
    """The settings of single files win."""
    settings = load_settings(write(tmp_path, state_directory="/state"))
    assert settings.disk_directory == Path("/state")
    assert settings.quota_file == Path("/state/quota-windows")
    assert settings.spool_file == Path("/state/events.spool")
    own = {"disk_copy": {"directory": "/disk"}, "quota": {"file": "/quota"}}
    settings = load_settings(write(tmp_path, state_directory="/state", **own))
    assert (settings.disk_directory, settings.quota_file) == (Path("/disk"), Path("/quota"))
    settings = load_settings(write(tmp_path))
    assert (settings.disk_directory, settings.quota_file) == (None, None)
    assert settings.spool_file is None


@pytest.mark.parametrize("address", ["9001", "127.0.0.1", "127.0.0.1:99999", "unix:", ":9001"])
def test_a_bad_address_is_refused(tmp_path: Path, address: str) -> None:
    """What can't be bound is found before the start."""
    with pytest.raises(ConfigurationError, match=r"listener\.address"):
        load_settings(write(tmp_path, listener={"address": address}))


def test_messages_fit_into_a_window(tmp_path: Path) -> None:
    """HTTP/2 has no window for two messages of a gigabyte (RFC 9113, 6.9.1)."""
    file = write(tmp_path, listener={"max_message_bytes": 2**30})
    with pytest.raises(ConfigurationError, match=r"listener.max_message_bytes.*536870912"):
        load_settings(file)


def test_secrets_do_not_show(tmp_path: Path) -> None:
    """Printing settings, or an error about them, reveals no secret."""
    settings = load_settings(write(tmp_path, listener={"token": "t0ken-of-envoy"}))
    assert "s3cret" not in repr(settings)
    assert "t0ken" not in repr(settings)
    with pytest.raises(ConfigurationError) as error:
        load_settings(write(tmp_path, listener={"token": {"nested": "t0ken-of-envoy"}}))
    assert "t0ken" not in str(error.value)


EXAMPLE = Path(__file__).parents[2] / "examples" / "adapter.yaml"


def test_the_example_names_every_setting_with_its_default(tmp_path: Path) -> None:
    """The annotated file is complete and true."""
    example = yaml.safe_load(EXAMPLE.read_text())
    settings = load_settings(EXAMPLE)
    defaults = load_settings(write(tmp_path))
    assert (example.pop("state_directory"), defaults.state_directory) == (None, None)
    assert (example.pop("workers"), defaults.workers) == (1, 1)
    for name in example:
        assert set(example[name]) == set(type(getattr(settings, name)).model_fields), name
        if name != "platform":
            assert getattr(settings, name) == getattr(defaults, name)


def test_a_collector_of_logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Headers have a form in the environment, too; what cannot work is named with the fix."""
    name = "POLICY_ADAPTER_ANALYTICS__OTLP_LOGS__HEADER_FILES"
    monkeypatch.setenv(name, "{authorization: /run/secrets/otlp}")
    otlp = load_settings(write(tmp_path)).analytics.otlp_logs
    assert dict(otlp.header_files) == {"authorization": Path("/run/secrets/otlp")}
    monkeypatch.setenv(name, "{authorization: ")
    bad = write(tmp_path, analytics={"otlp_logs": {"endpoint": "https://collector:4318"}})
    with pytest.raises(ConfigurationError) as error:
        load_settings(bad)
    assert "otlp_logs.header_files: must be a mapping, such as {authorization: " in str(error.value)
    assert "must contain the path, as in https://HOST:4318/v1/logs" in str(error.value)
    monkeypatch.delenv(name)
    url = "https://collector/v1/logs"
    off = write(tmp_path, analytics={"enabled": False, "otlp_logs": {"endpoint": url}})
    with pytest.raises(ConfigurationError, match="needs events, so set enabled to true"):
        load_settings(off)
