"""A client for administrators of the platform, with one method per action.

It uses the official endpoints of API Manager, so it works with every platform that has them.
"""

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import httpx

Document = dict[str, Any]


class AdminError(Exception):
    """The platform refused a request. The text has the request and the answer."""

    def __init__(self, response: httpx.Response) -> None:
        asked = f"{response.request.method} {response.request.url.path}"
        super().__init__(f"{asked}: {response.status_code} {response.text[:1000]}")
        self.status = response.status_code


class Admin:
    """An admin of one environment. Use it in `async with`; it logs in when it is entered."""

    def __init__(
        self,
        base_url: str,
        credentials: Mapping[str, str],
        *,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """`credentials` are those of the platform's credentials file."""
        self._http = httpx.AsyncClient(
            base_url=base_url, transport=transport, timeout=10, trust_env=False
        )
        self.credentials = credentials
        organization_id = credentials["organization_id"]
        self._environment_id = credentials["environment_id"]
        self._manager = f"/apimanager/api/v1/organizations/{organization_id}"
        self._apis = f"{self._manager}/environments/{self._environment_id}/apis"
        self._applications = f"/exchange/api/v2/organizations/{organization_id}/applications"
        self._analytics = f"/analytics/1.0/{organization_id}/environments/{self._environment_id}"

    async def __aenter__(self) -> Self:
        """Log in."""
        await self.log_in()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def log_in(self) -> None:
        """Get a token. Call it again when the token has expired or the credentials were reset."""
        login = {
            "username": self.credentials["admin_username"],
            "password": self.credentials["admin_password"],
        }
        token = (await self.ask("POST", "/accounts/login", login))["access_token"]
        self._http.headers["Authorization"] = f"Bearer {token}"

    @property
    def authorization(self) -> dict[str, str]:
        """The header that authenticates a request as the administrator's."""
        return {"Authorization": self._http.headers["Authorization"]}

    async def ask(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """Send any request, and return its JSON answer; raises AdminError unless it is 2xx."""
        asked = {name: value for name, value in query.items() if value is not None}
        response = await self._http.request(method, path, json=body, params=asked or None)
        if not response.is_success:
            raise AdminError(response)
        return response.json() if response.content else None

    # API instances and their policies

    async def create_api(self, asset_id: str, version: str = "1.0.0", **fields: Any) -> Document:
        """Create an API instance; `fields` are official ones such as instanceLabel."""
        spec = {"groupId": "org.example", "assetId": asset_id, "version": version}
        return _object(await self.ask("POST", self._apis, {"spec": spec, **fields}))

    async def delete_api(self, api_id: int) -> None:
        """Delete an API instance with everything that belongs to it."""
        await self.ask("DELETE", f"{self._apis}/{api_id}")

    async def apply_policy(
        self,
        api_id: int,
        asset_id: str,
        configuration: Document,
        *,
        allow_unknown: bool = False,
        **fields: Any,
    ) -> Document:
        """Apply a policy; `fields` are official ones such as pointcutData and order.

        `allow_unknown` stores a type that the platform does not know. A second policy of a type
        is allowed.
        """
        body = _policy(asset_id, configuration) | fields
        path = f"{self._apis}/{api_id}/policies"
        allowing = {"allowDuplicated": "true"} | _allowing(allow_unknown)
        return _object(await self.ask("POST", path, body, **allowing))

    async def change_policy(self, api_id: int, policy_id: int, **fields: Any) -> Document:
        """Change official fields of a policy, such as configurationData or disabled."""
        path = f"{self._apis}/{api_id}/policies/{policy_id}"
        return _object(await self.ask("PATCH", path, fields))

    async def delete_policy(self, api_id: int, policy_id: int) -> None:
        """Remove a policy from an API instance."""
        await self.ask("DELETE", f"{self._apis}/{api_id}/policies/{policy_id}")

    async def apply_automated_policy(
        self, asset_id: str, configuration: Document, *, allow_unknown: bool = False, **fields: Any
    ) -> Document:
        """Apply a policy to all API instances of the environment."""
        rule = {"ruleOfApplication": {"environmentId": self._environment_id}}
        body = _policy(asset_id, configuration) | rule | fields
        path = f"{self._manager}/automated-policies"
        return _object(await self.ask("POST", path, body, **_allowing(allow_unknown)))

    async def delete_automated_policy(self, policy_id: int) -> None:
        """Remove an automated policy from the environment."""
        await self.ask("DELETE", f"{self._manager}/automated-policies/{policy_id}")

    # SLA tiers, client applications, contracts

    async def create_tier(
        self,
        api_id: int,
        name: str,
        limits: Sequence[tuple[int, int]],
        *,
        auto_approve: bool = True,
    ) -> Document:
        """Create a tier. A limit is (requests, milliseconds)."""
        body = {
            "name": name,
            "status": "ACTIVE",
            "autoApprove": auto_approve,
            "limits": _limits(limits),
        }
        return _object(await self.ask("POST", f"{self._apis}/{api_id}/tiers", body))

    async def change_tier(
        self, api_id: int, tier_id: int, limits: Sequence[tuple[int, int]]
    ) -> Document:
        """Change the limits of a tier."""
        path = f"{self._apis}/{api_id}/tiers/{tier_id}"
        return _object(await self.ask("PUT", path, {"limits": _limits(limits)}))

    async def delete_tier(self, api_id: int, tier_id: int) -> None:
        """Delete a tier that no contract in force or waiting has or asks for."""
        await self.ask("DELETE", f"{self._apis}/{api_id}/tiers/{tier_id}")

    async def create_application(self, name: str, **fields: Any) -> Document:
        """Register an application. Only this answer contains the clientSecret."""
        return _object(await self.ask("POST", self._applications, {"name": name, **fields}))

    async def change_application(self, application_id: int, **fields: Any) -> Document:
        """Change official fields of an application, such as its name."""
        path = f"{self._applications}/{application_id}"
        return _object(await self.ask("PATCH", path, fields))

    async def reset_secret(self, application_id: int, overlap_s: int | None = None) -> str:
        """Reset the secret of an application, and return the new one.

        The old one works too for `overlap_s` seconds.
        """
        path = f"{self._applications}/{application_id}/secret/reset"
        made = await self.ask("POST", path, overlapSeconds=overlap_s)
        return str(made["clientSecret"])

    async def delete_application(self, application_id: int) -> None:
        """Delete an application and its contracts."""
        await self.ask("DELETE", f"{self._applications}/{application_id}")

    async def request_contract(
        self, api_id: int, application_id: int, tier_id: int | None = None
    ) -> Document:
        """Request a contract, optionally with a tier."""
        body = {"applicationId": application_id}
        if tier_id is not None:
            body["requestedTierId"] = tier_id
        return _object(await self.ask("POST", f"{self._apis}/{api_id}/contracts", body))

    async def create_alert(self, api_id: int, body: Document) -> Document:
        """Make an alert of an API instance."""
        [made] = await self.ask("POST", f"{self._apis}/{api_id}/alerts", body)
        return _object(made)

    async def change_contract(self, api_id: int, contract_id: int, **fields: Any) -> Document:
        """Change a contract's status or tierId."""
        path = f"{self._apis}/{api_id}/contracts/{contract_id}"
        return _object(await self.ask("PATCH", path, fields))

    async def approve(self, api_id: int, contract_id: int) -> Document:
        """Approve a pending contract."""
        return await self.change_contract(api_id, contract_id, status="APPROVED")

    async def reject(self, api_id: int, contract_id: int) -> Document:
        """Reject a pending contract."""
        return await self.change_contract(api_id, contract_id, status="REJECTED")

    async def revoke(self, api_id: int, contract_id: int) -> Document:
        """Revoke an approved contract."""
        return await self.change_contract(api_id, contract_id, status="REVOKED")

    async def restore(self, api_id: int, contract_id: int) -> Document:
        """Restore a revoked contract."""
        return await self.change_contract(api_id, contract_id, status="APPROVED")

    async def delete_contract(self, api_id: int, contract_id: int) -> None:
        """Delete a contract that is not approved."""
        await self.ask("DELETE", f"{self._apis}/{api_id}/contracts/{contract_id}")

    # Analytics

    async def summary(self, group_by: str, **query: Any) -> Document:
        """Counts by status_code, application, policy, api or outcome (our own endpoint)."""
        path = f"{self._analytics}/summary"
        return _object(await self.ask("GET", path, groupBy=group_by, **query))

    async def events(self, **query: Any) -> list[Document]:
        """The documented event export, newest first."""
        found: list[Document] = await self.ask(
            "GET", f"{self._analytics}/events", format="json", **query
        )
        return found


def _object(answer: Any) -> Document:
    if not isinstance(answer, dict):
        raise TypeError(f"the platform answered {type(answer).__name__}, not an object")
    return answer


def _allowing(allow_unknown: bool) -> dict[str, str]:
    return {"allowUnknown": "true"} if allow_unknown else {}


def _policy(asset_id: str, configuration: Document) -> Document:
    return {"assetId": asset_id, "assetVersion": "1.0.0", "configurationData": configuration}


def _limits(limits: Sequence[tuple[int, int]]) -> list[Document]:
    return [
        {"maximumRequests": maximum, "timePeriodInMilliseconds": period_ms, "visible": True}
        for maximum, period_ms in limits
    ]
