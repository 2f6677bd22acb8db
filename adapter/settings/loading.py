"""Reads the settings once: a YAML file, overridden by environment variables.

`POLICY_ADAPTER_PLATFORM__CLIENT_SECRET` overrides `client_secret` of the group `platform`. Unknown
keys, in the file or in the environment, are errors, and all errors are reported at once.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from adapter.errors import ConfigurationError
from adapter.settings.groups import (
    AnalyticsSettings,
    DiskCopySettings,
    GatekeeperSettings,
    IdentitySettings,
    ListenerSettings,
    MemorySettings,
    ObservabilitySettings,
    PlatformSettings,
    QuotaSettings,
    RequestSettings,
    ShutdownSettings,
)

ENVIRONMENT_PREFIX = "POLICY_ADAPTER_"

_RENAMED: Final[Mapping[str, str]] = {
    "listener.tls_certificate": "listener.tls_certificate_file",
    "listener.tls_key": "listener.tls_key_file",
    "listener.tls_client_authority": "listener.tls_client_ca_file",
}
"""The new names of settings whose name has changed."""


class Settings(BaseSettings):
    """All settings; `adapter.app` gives each part of the program its own group."""

    model_config = SettingsConfigDict(
        extra="forbid",
        frozen=True,
        env_prefix=ENVIRONMENT_PREFIX,
        env_nested_delimiter="__",
    )

    listener: ListenerSettings = ListenerSettings()
    platform: PlatformSettings
    requests: RequestSettings = RequestSettings()
    gatekeeper: GatekeeperSettings = GatekeeperSettings()
    quota: QuotaSettings = QuotaSettings()
    identity: IdentitySettings = IdentitySettings()
    disk_copy: DiskCopySettings = DiskCopySettings()
    analytics: AnalyticsSettings = AnalyticsSettings()
    observability: ObservabilitySettings = ObservabilitySettings()
    memory: MemorySettings = MemorySettings()
    shutdown: ShutdownSettings = ShutdownSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment overrides the file, whose content arrives as init settings."""
        return env_settings, init_settings


def load_settings(path: Path | None) -> Settings:
    """Read file and environment; raises a ConfigurationError that lists every fault."""
    content = _read_yaml(path) if path else {}
    faults = list(_unknown_variables(os.environ))
    try:
        settings = Settings(**content)
    except ValidationError as e:
        faults = [*faults, *map(_describe, e.errors(include_url=False, include_input=False))]
    if faults:
        where = f" in {path} or the environment" if path else " in the environment"
        raise ConfigurationError(f"bad settings{where}:\n" + "\n".join(f"  {f}" for f in faults))
    return settings


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as e:
        raise ConfigurationError(f"cannot read the settings file {path}: {e}") from None
    except yaml.YAMLError as e:
        raise ConfigurationError(f"{path} is not YAML: {e}") from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise ConfigurationError(f"{path} must be a mapping of groups, such as 'platform:'")
    return content


def _describe(fault: Mapping[str, Any]) -> str:
    where = ".".join(map(str, fault["loc"])) or "settings"
    if fault["type"] == "extra_forbidden":
        return _unknown(where, _RENAMED.get(where))
    return f"{where}: {fault['msg'].removeprefix('Value error, ')}"


def _unknown_variables(environment: Mapping[str, str]) -> Iterator[str]:
    """What is wrong with each variable that has our prefix and sets nothing."""
    known = set(_variables(Settings, ENVIRONMENT_PREFIX))
    renamed = {_variable(old): _variable(new) for old, new in _RENAMED.items()}
    for name in sorted(environment):
        if name.upper().startswith(ENVIRONMENT_PREFIX) and name.upper() not in known:
            yield _unknown(name, renamed.get(name.upper()))


def _unknown(name: str, new_name: str | None) -> str:
    return f"{name}: this setting is now {new_name}" if new_name else f"{name}: unknown setting"


def _variable(setting: str) -> str:
    return ENVIRONMENT_PREFIX + setting.replace(".", "__").upper()


def _variables(model: type[BaseModel], prefix: str) -> Iterator[str]:
    for name, field in model.model_fields.items():
        variable = f"{prefix}{name.upper()}"
        yield variable
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _variables(field.annotation, f"{variable}__")
