"""Arbitrary JSON in any member of any document: it is read, or refused in the one foreseen way."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from adapter.errors import DocumentError
from adapter.platform_client.disk.format import StoredApi, StoredCatalog, decode, encode
from adapter.platform_client.http.exchange import WholeResponse
from adapter.platform_client.protocol import documents
from adapter.platform_client.protocol.applied_policies import policies_from
from adapter.platform_client.protocol.document_reader import read_document, read_receipt
from adapter.platform_client.protocol.translate import contract_changes, instances_from, tiers_from
from adapter.policy.catalog import ApiContent, ApiInstance
from adapter.runtime.clock import WallTime
from tests.unit.platform_client.json_strategies import JSON, near

LIMIT = {"maximumRequests": 1, "timePeriodInMilliseconds": 1}
ROW: dict[str, Any] = {
    "id": 1,
    "policyId": 1,
    "assetId": "cors",
    "configurationData": {},
    "configuration": {},
    "template": {"assetId": "cors"},
    "contractId": 1,
    "clientId": "app",
    "clientName": "The app",
    "slaTierId": 1,
    "removed": None,
    "disabled": None,
    "name": "a",
    "limits": [LIMIT],
    "apis": [{"id": 7}],
}
"""A row of any list."""
DOCUMENT: dict[str, Any] = {
    "access_token": "t",
    "expires_in": 3600,
    "id": 7,
    "total": 1,
    "assets": [],
    "tiers": [],
    "policies": [],
    "links": {"next": "?cursor=1"},
    "data": [],
    "rejected": [],
}
SHAPES: list[TypeAdapter[Any]] = [
    documents.TOKEN,
    documents.INSTANCE,
    documents.ASSET_LIST,
    documents.TIER_LIST,
    documents.CONTRACT_PAGE,
    documents.POLICY_LIST,
    documents.RECEIPT,
]
PLACE = "here"
JSON_TEXTS = st.sampled_from(
    [
        *(r'"\ud83d"', '"\ud83d"', "9" * 5000, "1e999", "nul", "[" * 2000 + "]" * 2000, "NaN"),
        *("null", "true", '"7"', "7.0", "-1", "[]", "{}", "[[]]", '"a\nb"', "1,", "}"),
    ]
)


def answer(body: bytes) -> WholeResponse:
    """A good answer with that body."""
    return WholeResponse("GET /", 200, {}, body)


@pytest.mark.parametrize("shape", SHAPES)
@given(value=JSON_TEXTS, member=st.sampled_from(sorted(DOCUMENT)))
async def test_no_member_of_a_document_makes_the_reading_fail_otherwise(
    shape: TypeAdapter[Any], value: str, member: str
) -> None:
    """Every poll ends with a document or with the error that keeps the last good state."""
    body = json.dumps(DOCUMENT | {member: PLACE}).replace(f'"{PLACE}"', value)
    try:
        await read_document(shape, answer(body.encode("utf-8", "surrogatepass")))
    except DocumentError as e:
        str(e).encode()


@given(st.lists(JSON_TEXTS, max_size=3))
async def test_whatever_the_ingest_answers_the_batch_has_arrived(values: list[str]) -> None:
    """A receipt that cannot be read refuses no event."""
    body = f'{{"rejected": [{", ".join(values)}]}}'.encode("utf-8", "surrogatepass")
    assert len((await read_receipt(answer(body))).rejected) in (0, *range(1, 5))


@given(st.lists(near(ROW), max_size=3), JSON)
def test_whatever_was_read_comes_back_from_disk(rows: list[Any], settings: Any) -> None:
    """No entry keeps the disk copy from being written, or from being read."""
    policies = policies_from([*rows, ROW | {"assetId": "a", "configurationData": settings}])
    changes = contract_changes(rows, {}, "auto", lambda _: None)
    content = ApiContent(
        next(iter(instances_from(rows, lambda _: None).values()), ApiInstance("7", "orders")),
        policies,
        tiers_from(rows, lambda _: None),
        {change.contract_id: change.contract for change in changes if change.contract},
    )
    catalog = StoredCatalog(policies, (StoredApi(content, WallTime(1.0)),))
    lines = b"".join(encode(catalog, "env")).splitlines()
    assert repr(decode(lines, "env")) == repr(catalog)
