"""The settings file and the environment, as an operator meets them."""

from pathlib import Path

import pytest
import yaml

from adapter.errors import ConfigurationError
from adapter.settings import load_settings

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
        "exactly one of route_name, route_metadata and authority",
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
    assert settings.platform.client_secret.get_secret_value() == "from-the-environment"
    assert settings.platform.client_id == "gateway"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("platform: [", "is not YAML"),
        ("- a\n- b", "must be a mapping"),
        ("", "platform: Field required"),
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
    for name in type(settings).model_fields:
        assert set(example[name]) == set(type(getattr(settings, name)).model_fields), name
        if name != "platform":
            assert getattr(settings, name) == getattr(defaults, name)
