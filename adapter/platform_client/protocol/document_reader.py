"""From an answer of the platform to a document."""

import asyncio
from codecs import BOM_UTF8
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from adapter.errors import DocumentError
from adapter.platform_client.http.exchange import WholeResponse
from adapter.platform_client.protocol.documents import RECEIPT, faults
from adapter.platform_client.protocol.lenient_json import read_leniently

Shape = TypeVar("Shape")


async def read(shape: TypeAdapter[Shape], answer: WholeResponse) -> Shape:
    """Read a body as that type; raise DocumentError that names every fault, and no value.

    A byte order mark before the document is skipped (RFC 8259, 8.1). Where the fast parser refuses
    the text, another one reads what can be read of it; that takes longer, hence a thread.
    """
    body = answer.body.removeprefix(BOM_UTF8)
    try:
        return shape.validate_json(body)
    except ValidationError as e:
        if not _is_no_json(e):
            raise _not_expected(answer, faults(e)) from None
        refusal = faults(e)
    try:
        value = await asyncio.to_thread(read_leniently, body)
    except ValueError:
        raise _not_expected(answer, refusal) from None
    try:
        return shape.validate_python(value)
    except ValidationError as e:
        raise _not_expected(answer, faults(e)) from None


async def refused_events(answer: WholeResponse) -> int:
    """How many events of a batch were refused one by one.

    The vendor does not say what its ingest answers; our control plane lists them. Whatever else an
    answer holds, the batch has arrived.
    """
    try:
        return len((await read(RECEIPT, answer)).rejected)
    except DocumentError:
        return 0


def _is_no_json(error: ValidationError) -> bool:
    return error.errors(include_input=False, include_url=False)[0]["type"] == "json_invalid"


def _not_expected(answer: WholeResponse, why: str) -> DocumentError:
    kind = answer.headers.get("content-type", "an unknown content type")[:64]
    return DocumentError(f"{answer.what}: not the expected JSON ({kind!a}): {why}")
