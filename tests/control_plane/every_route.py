"""All routes of the protocol with ids that exist, for tests that send requests to each of them."""

import re
from collections.abc import Iterator
from typing import Any

from control_plane.protocol.routes import openapi_document
from tests.control_plane.conftest import Platform

NO_UPSTREAM = "00000000-0000-4000-8000-000000000000"


class Routes:
    """The paths of the OpenAPI document, with ids that exist."""

    def __init__(self, platform: Platform) -> None:
        self._paths: dict[str, dict[str, Any]] = openapi_document()["paths"]
        self._known = {
            "organization_id": platform.credentials.organization_id,
            "environment_id": platform.credentials.environment_id,
            "instance_id": "adapter-1",
            "template_id": "rate-limiting",
            "entity_type": "apis",
            "entity_id": "1",
            "upstream_id": NO_UPSTREAM,
            "file_type": "summary",
            "year": "2026",
            "month": "11",
            "day": "23",
            "file_name": "x.txt",
            "decision": "revoke",
            "action": "enable",
        }

    def __iter__(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        for path, operations in self._paths.items():
            if path.startswith("/exchange/api/v1/"):
                continue  # the same endpoints as those of v2
            for method, operation in operations.items():
                yield method.upper(), path, operation

    def url(self, path: str, **ids: str) -> str:
        """The path with these ids, and number 1 for all others."""
        return path.format(**(self.ids(path) | ids))

    def ids(self, path: str) -> dict[str, str]:
        """The ids of the path that exist."""
        return {name: self._known.get(name, "1") for name in re.findall(r"{(\w+)}", path)}


async def fill(platform: Platform) -> dict[str, Any]:
    """One of everything, with the id 1. Return the application with its secret."""
    admin = platform.admin
    api_id = (await admin.create_api("orders", endpoint={"uri": "http://a.test"}))["id"]
    await admin.apply_policy(api_id, "our-own", {}, allow_unknown=True)
    await admin.apply_automated_policy("our-own", {}, allow_unknown=True)
    tier = await admin.create_tier(api_id, "gold", [(5, 1000)])
    phone = await admin.create_application("phone")
    await admin.request_contract(api_id, phone["id"], tier["id"])
    return phone
