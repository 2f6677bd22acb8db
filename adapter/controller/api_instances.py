"""Edge to the platform: finds the API instance of an asset, or creates it."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final, Protocol
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, TypeAdapter
from pydantic.alias_generators import to_camel

from adapter.controller.core.binding import ApiAsset, Binding, BindingKey
from adapter.controller.core.refusal import API_NOT_FOUND, PLATFORM_UNAVAILABLE, Refusal
from adapter.errors import DocumentError, PlatformError, PlatformUnavailableError
from adapter.platform_client.http.exchange import WholeResponse
from adapter.platform_client.protocol.document_reader import read_document

_MOST_ASSETS: Final = 100
_SETTINGS: Final = (
    "platform.base_url, platform.organization_id, platform.environment_id, platform.client_id and "
    "platform.client_secret"
)


class Send(Protocol):
    """Sends a request with a token; see `AuthorizedExchange.send`."""

    async def __call__(
        self,
        method: str,
        url: str,
        headers: dict[str, str],
        body: bytes | None = None,
        *,
        check_if_missing: str = "",
    ) -> WholeResponse:
        """Return a success, or raise PlatformError."""


class _Document(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, coerce_numbers_to_str=True)


class _Instance(_Document):
    id: str
    asset_version: str = ""
    instance_label: str | None = None


class _Asset(_Document):
    asset_id: str = ""
    group_id: str = ""
    apis: list[_Instance] = []


class _Found(_Document):
    assets: list[_Asset] = []


_FOUND: Final = TypeAdapter(_Found)
_CREATED: Final = TypeAdapter(_Instance)


class ApiInstances:
    """Answers which API instance an ApiBinding means. Remembers what it found.

    `send` is None if the settings name no platform.
    """

    def __init__(
        self, send: Send | None, base_url: str, organization: str, environment: str
    ) -> None:
        self._send = send
        self._organization = organization
        self._url = (
            f"{base_url.rstrip('/')}/apimanager/api/v1/organizations/{organization}"
            f"/environments/{environment}/apis"
        )
        self._known: dict[tuple[str, int], str] = {}
        """API ids by uid and generation of the ApiBinding."""

    async def answers(self, bindings: Iterable[Binding]) -> Mapping[BindingKey, str | Refusal]:
        """The API's id for each ApiBinding by asset, or why there is none.

        After one failure of the platform, it is not asked again for the others.
        """
        wanted = [b for b in bindings if b.asset is not None]
        # Generations that are gone are forgotten.
        self._known = {k: self._known[k] for b in wanted if (k := _memo_key(b)) in self._known}
        found: dict[BindingKey, str | Refusal] = {}
        away: Refusal | None = None
        for binding in wanted:
            known = self._known.get(_memo_key(binding))
            answer = known or away or await self._answer(binding)
            if isinstance(answer, str):
                self._known[_memo_key(binding)] = answer
            elif answer.reason == PLATFORM_UNAVAILABLE:
                away = answer
            found[binding.key] = answer
        return found

    async def _answer(self, binding: Binding) -> str | Refusal:
        asset = binding.asset
        if asset is None or self._send is None:
            return Refusal(
                API_NOT_FOUND,
                f"the controller knows no platform; set {_SETTINGS}, or name spec.apiId",
            )
        label = asset.instance_label or (str(binding.key) if asset.create else "")
        try:
            ids = await self._search(self._send, asset, label)
            if not ids and asset.create:
                return await self._create(self._send, asset, label)
        except PlatformUnavailableError as e:
            return Refusal(PLATFORM_UNAVAILABLE, str(e))
        except PlatformError as e:
            return Refusal(API_NOT_FOUND, str(e))
        return ids[0] if len(ids) == 1 else _not_one(asset, ids)

    async def _search(self, send: Send, asset: ApiAsset, label: str) -> list[str]:
        """The ids of the instances, filtered here too, because platforms ignore some filters."""
        group = asset.group_id or self._organization
        query: dict[str, Any] = {
            "groupId": group,
            "assetId": asset.asset_id,
            "assetVersion": asset.version,
            "limit": _MOST_ASSETS,
            **({"instanceLabel": label} if label else {}),
        }
        answer = await send("GET", f"{self._url}?{urlencode(query)}", {})
        document = await read_document(_FOUND, answer)
        return [
            api.id
            for found in document.assets
            if (found.group_id, found.asset_id) == (group, asset.asset_id)
            for api in found.apis
            if api.asset_version == asset.version and label in {"", api.instance_label}
        ]

    async def _create(self, send: Send, asset: ApiAsset, label: str) -> str:
        spec = {
            "groupId": asset.group_id or self._organization,
            "assetId": asset.asset_id,
            "version": asset.version,
        }
        endpoint = {"deploymentType": "HY", "uri": None, "proxyUri": None, "isCloudHub": None}
        content = {
            "spec": spec,
            "instanceLabel": label,
            "technology": "flexGateway",
            "endpoint": endpoint,
        }
        headers = {"content-type": "application/json"}
        answer = await send("POST", self._url, headers, json.dumps(content).encode())
        created = await read_document(_CREATED, answer)
        if not created.id:
            raise DocumentError("the new API instance has no id", what=answer.what)
        return created.id


def _memo_key(binding: Binding) -> tuple[str, int]:
    return binding.uid, binding.generation


def _not_one(asset: ApiAsset, ids: list[str]) -> Refusal:
    named = f"{asset.asset_id} {asset.version}"
    if not ids:
        return Refusal(
            API_NOT_FOUND,
            f"the platform has no API instance of {named} in its environment; set api.create, or "
            "check assetId, version and instanceLabel",
        )
    return Refusal(
        API_NOT_FOUND,
        f"there are several API instances of {named} ({', '.join(sorted(ids))}); name "
        "api.instanceLabel or apiId",
    )
