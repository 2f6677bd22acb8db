"""From a response of the platform to a document."""

import asyncio
from codecs import BOM_UTF8
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from adapter.errors import DocumentError
from adapter.platform_client.http.exchange import WholeResponse
from adapter.platform_client.protocol.documents import RECEIPT, ReceiptDocument, faults
from adapter.platform_client.protocol.lenient_json import read_leniently

Shape = TypeVar("Shape")


async def read_document(shape: TypeAdapter[Shape], response: WholeResponse) -> Shape:
    """Read a body as that type; raise DocumentError that names every fault, but no value.

    A byte order mark before the document is skipped (RFC 8259, 8.1). If the fast parser refuses the
    text, a lenient one reads as much as it can. It is slow, so it runs in a thread.
    """
    body = response.body.removeprefix(BOM_UTF8)
    try:
        return shape.validate_json(body)
    except ValidationError as e:
        if not _is_not_json(e):
            raise _not_expected(response, faults(e)) from None
    try:
        value = await asyncio.to_thread(read_leniently, body)
    except ValueError:
        raise _not_json(response) from None
    try:
        return shape.validate_python(value)
    except ValidationError as e:
        raise _not_expected(response, faults(e)) from None


async def read_receipt(response: WholeResponse) -> ReceiptDocument:
    """What became of a batch of events, one by one.

    The vendor does not document what its ingest answers; our control plane gives such a receipt. An
    answer that cannot be read says nothing.
    """
    try:
        return await read_document(RECEIPT, response)
    except DocumentError:
        return ReceiptDocument()


def _is_not_json(error: ValidationError) -> bool:
    return error.errors(include_input=False, include_url=False)[0]["type"] == "json_invalid"


def _not_expected(response: WholeResponse, why: str) -> DocumentError:
    return DocumentError(
        f"the answer ({_kind(response)}) is not what the protocol says: {why}", what=response.what
    )


def _not_json(response: WholeResponse) -> DocumentError:
    return DocumentError(
        f"the answer ({_kind(response)}) is not JSON, or a part of it is missing; check that "
        "platform.base_url is the platform's own address",
        what=response.what,
    )


def _kind(response: WholeResponse) -> str:
    return ascii(response.headers.get("content-type", "no content type")[:64])[1:-1]
