"""The Monitoring Archive, as the vendor's document describes it."""

import json
from typing import Any

import pytest

from tests.control_plane.conftest import Platform
from tests.control_plane.events import denied, event, send

ROOT = "/monitoring/archive/api/v1/organizations"
COMMONS = {"deployment_type", "api_id", "env_id", "org_id", "worker_id"}
METADATA = {"batch_id", "aggregated", "limited", "producer_name", "producer_version"}
MEASURED = {
    f"{measure}.{part}"
    for measure in ("response_time", "request_size", "response_size")
    for part in ("count", "sum", "min", "max", "sos")
}
OF_ALL = {
    *("status_code", "method", "api_version_id", "api_version", "api_name", "request_disposition"),
    *MEASURED,
}
"""Members of every event in the vendor's example."""


class Archive:
    """The archive as an admin reads it."""

    def __init__(self, platform: Platform) -> None:
        credentials = platform.credentials
        self._platform = platform
        self.environment = (
            f"{credentials.organization_id}/environments/{credentials.environment_id}"
        )

    async def ids(self, path: str = "") -> list[Any]:
        """What a folder has."""
        answer = await self._platform.admin.ask("GET", f"{ROOT}{path and '/'}{path}")
        assert answer.keys() == {"resources"}
        return [each["id"] for each in answer["resources"]]

    async def files(self, folder: str) -> list[dict[str, Any]]:
        """The files of a day."""
        answer = await self._platform.admin.ask("GET", f"{ROOT}/{self.environment}/{folder}")
        return list(answer["resources"])

    async def lines(self, path: str) -> tuple[list[dict[str, Any]], int]:
        """The lines of a file, and its size."""
        client, headers = self._platform.anyone, self._platform.admin.authorization
        answer = await client.get(f"{ROOT}/{self.environment}/{path}", headers=headers)
        assert answer.status_code == 200, answer.text
        assert answer.headers["Content-Type"].startswith("text/plain")
        return [json.loads(line) for line in answer.text.splitlines()], len(answer.content)


async def traffic(platform: Platform) -> str:
    """An hour with requests, which is over; return its day as a folder."""
    own = {"api_id": 7, "api_version_id": 70, "host_id": "adapter-1"}
    batch = [event(platform, **own, request_bytes=size, path=f"/orders/{size}") for size in (4, 6)]
    batch += [event(platform, **own, request_bytes=-1, replied_ts=None, client_ip="192.0.2.9")]
    batch += [denied(platform, **own)]
    assert (await send(platform, batch)).is_success
    moment = platform.clock.now()
    platform.clock.move(hours=1)
    await platform.admin.log_in()
    return f"{moment:%Y/%m/%d}"


async def test_the_tree_leads_to_the_files(platform: Platform) -> None:
    """Folder by folder, with the documented types of ids."""
    archive = Archive(platform)
    environment = archive.environment
    assert await archive.ids() == [platform.credentials.organization_id]
    assert await archive.ids(f"{platform.credentials.organization_id}/environments") == []
    assert await archive.ids(environment) == []
    year, month, day = (await traffic(platform)).split("/")
    environments = await archive.ids(f"{platform.credentials.organization_id}/environments")
    assert environments == [platform.credentials.environment_id]
    assert await archive.ids(environment) == ["apis"]
    assert await archive.ids(f"{environment}/apis") == ["7"]
    assert await archive.ids(f"{environment}/servers") == []
    assert await archive.ids(f"{environment}/apis/7") == ["summary", "ip", "path"]
    summary = f"{environment}/apis/7/summary"
    assert await archive.ids(summary) == [int(year)]
    assert await archive.ids(f"{summary}/{year}") == [month]
    assert await archive.ids(f"{summary}/{year}/{month}") == [day]
    [file] = await archive.files(f"apis/7/summary/{year}/{month}/{day}")
    assert file.keys() == {"id", "time", "size"}
    assert file["time"].endswith(":00:00+00:00")
    for empty in ("raw", "logs"):
        assert await archive.ids(f"{environment}/apis/7/{empty}/{year}/{month}/{day}") == []
    for empty in ("apis/8/ip", "apis/x/ip", f"apis/{'9' * 40}/ip", "servers/7/ip"):
        assert await archive.ids(f"{environment}/{empty}") == []
    assert await archive.ids(f"{summary}/2001") == []


async def test_a_file_has_the_documented_lines(platform: Platform) -> None:
    """With the members of the vendor's example, and numbers that are the events'."""
    archive = Archive(platform)
    folder = f"apis/7/summary/{await traffic(platform)}"
    [file] = await archive.files(folder)
    [line], size = await archive.lines(f"{folder}/{file['id']}")
    assert size == file["size"]
    assert line["format"] == "v2"
    assert line["type"] == "api_summary_metric"
    assert line["commons"].keys() == COMMONS
    assert (line["commons"]["api_id"], line["commons"]["worker_id"]) == ("7", "adapter-1")
    assert line["metadata"].keys() == METADATA
    assert line["metadata"]["limited"] is False
    processed, blocked = line["events"]
    assert processed.keys() == OF_ALL | {"client_id"}
    assert blocked.keys() == OF_ALL | {"client_id", "policy_id", "policy_name"}
    assert (processed["status_code"], processed["request_disposition"]) == ("200", "processed")
    assert (blocked["status_code"], blocked["request_disposition"]) == ("429", "blocked")
    assert (blocked["policy_id"], blocked["policy_name"]) == ("7", "rate-limiting")
    of_size = [processed[f"request_size.{part}"] for part in ("count", "sum", "min", "max", "sos")]
    assert of_size == [2, 10, 4, 6, 52]
    assert processed["response_time.count"] == 2
    assert processed["response_size.count"] == 3


@pytest.mark.parametrize(
    ("file_type", "type_", "member", "expected"),
    [
        ("ip", "api_client_ip_metric", "remote_host", {"192.0.2.1", "192.0.2.9"}),
        ("path", "api_path_metric", "path", {"/orders/{id}"}),
    ],
)
async def test_other_kinds_tell_more_apart(
    platform: Platform, file_type: str, type_: str, member: str, expected: set[str]
) -> None:
    """Addresses of clients, and path templates."""
    archive = Archive(platform)
    folder = f"apis/7/{file_type}/{await traffic(platform)}"
    [file] = await archive.files(folder)
    [line], _ = await archive.lines(f"{folder}/{file['id']}")
    assert line["type"] == type_
    assert {each[member] for each in line["events"]} == expected


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_what_is_no_file_is_refused(platform: Platform) -> None:
    """Unknown names are 404, impossible ones 400; a gateway may not read it."""
    archive = Archive(platform)
    environment, day = f"{ROOT}/{archive.environment}", await traffic(platform)
    for path, status in (
        (f"apis/7/summary/{day}/x.txt", 404),
        ("apis/7/other", 400),
        ("apis/7/summary/1999", 400),
        ("apis/7/summary/2026/20", 400),
        ("apis/7/summary/2026/00", 400),
        ("apis/7/summary/2026/12/99", 400),
    ):
        assert (await platform.refusal("GET", f"{environment}/{path}")).status == status
    refused = await platform.refusal("GET", f"{environment}/apis/7/summary/2026/13/01")
    assert "month: must be two digits from 01 to 12" in str(refused)
    assert (await platform.gateway.get(f"{environment}/apis")).status_code in (401, 403)
