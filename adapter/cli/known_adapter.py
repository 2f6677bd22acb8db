"""What `policy-adapter doctor` knows of the adapter: its settings, and the APIs that it serves."""

from io import BytesIO
from pathlib import Path
from typing import Final

from adapter.app.environment_file import environment_file
from adapter.app.platform import sync_options
from adapter.cli.running_adapter import ask
from adapter.doctor import KnownAdapter, KnownBinding
from adapter.errors import ConfigurationError, EnvironmentFileError
from adapter.ext_authz.check.request import ADDRESS_HEADER
from adapter.platform_client.disk.copy import MAGIC
from adapter.platform_client.disk.format import decode
from adapter.runtime.sealed_file import SealedFile
from adapter.runtime.system_errors import system_words
from adapter.settings import RequestSettings, Settings
from adapter.settings.bindings_file import bindings_of
from adapter.settings.groups.requests import BindingSettings
from adapter.settings.workers import worker_addresses

_PAGE: Final = 1000


def known_adapter(settings: Settings | None, inspection: str | None) -> KnownAdapter:
    """What the settings say; the APIs of a running adapter, or else of the file or the disk copy.

    Raises ConfigurationError if the running adapter does not answer, or the file with the bindings,
    the environment file or the disk copy cannot be used.
    """
    api_ids = _running_apis(inspection) if inspection else None
    if settings is None:
        prefix = RequestSettings().identity_header_prefix
        return KnownAdapter(prefix, ADDRESS_HEADER, api_ids=api_ids)
    requests, listener = settings.requests, settings.listener
    return KnownAdapter(
        header_prefix=requests.identity_header_prefix,
        address_header=(requests.client_address_header or ADDRESS_HEADER).lower(),
        has_settings=True,
        trusts_address_header=requests.client_address_header is not None,
        forwarded_for_position=requests.forwarded_for_position,
        listens=listener.address,
        other_workers=worker_addresses(settings)[1:],
        token=listener.token.get_secret_value() if listener.token else None,
        serves_tls=listener.tls_certificate_file is not None,
        asks_for_certificate=listener.tls_client_ca_file is not None,
        drain_s=settings.shutdown.drain_s,
        max_message_bytes=listener.max_message_bytes,
        reads_jwt_payload=settings.identity.envoy_jwt_payload is not None,
        allows_unbound=requests.unbound == "allow",
        bindings=tuple(map(_known_binding, bindings_of(requests))),
        api_ids=_apis_of(settings) if api_ids is None else api_ids,
    )


def _known_binding(binding: BindingSettings) -> KnownBinding:
    by_destination = bool(binding.destination_principal or binding.destination_port)
    return KnownBinding(
        binding.route_name, binding.route_metadata, binding.authority, by_destination
    )


def _running_apis(address: str) -> frozenset[str]:
    found: set[str] = set()
    while True:
        page = ask(address, f"/apis?offset={len(found)}&limit={_PAGE}")
        try:
            ids = {str(item["api_id"]) for item in page["items"]}
        except (KeyError, TypeError):
            raise ConfigurationError(
                f"{address} does not answer /apis as the inspection listener of an adapter does"
            ) from None
        if not ids - found:
            return frozenset(found)
        found |= ids


def _apis_of(settings: Settings) -> frozenset[str] | None:
    """The APIs in the environment file or in the disk copy; None if there is neither."""
    if settings.platform.file is None:
        return _stored_apis(settings)
    file = environment_file(settings.platform, sync_options(settings))
    try:
        file.read()
    except EnvironmentFileError as e:
        raise ConfigurationError(f"platform.file: {settings.platform.file}: {e}") from None
    return frozenset(file.content.apis)


def _stored_apis(settings: Settings) -> frozenset[str] | None:
    """The APIs in the disk copy; None if there is no copy."""
    directory, account = settings.disk_directory, settings.platform.account
    if directory is None or account is None:
        return None
    file: Path = directory / "catalog"
    environment = f"{account.organization_id}/{account.environment_id}"
    # Not with DiskCopy, which renames a file that it cannot use.
    sealed = SealedFile(file, account.client_secret.get_secret_value(), MAGIC)
    try:
        catalog = decode(BytesIO(sealed.read()), environment)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as e:
        raise ConfigurationError(
            f"the disk copy {file} cannot be read: {system_words(e)}; to ask a running adapter "
            "instead, give --inspection HOST:PORT"
        ) from None
    return frozenset(api.content.instance.api_id for api in catalog.apis)
