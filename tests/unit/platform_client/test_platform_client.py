"""The talk with the platform: who gets the token, and what becomes of every kind of answer."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from email.utils import format_datetime, formatdate

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.errors import (
    DocumentError,
    PlatformError,
    PlatformNotFoundError,
    PlatformRefusedError,
    PlatformRejectedError,
    PlatformUnavailableError,
)
from adapter.platform_client.http.exchange import (
    BrokenBodyError,
    HttpError,
    WholeResponse,
    retry_after_s,
    server_time,
)
from adapter.platform_client.protocol.platform_client import PlatformClient
from tests.rig.clock import FakeClock
from tests.rig.platform_options import options
from tests.rig.platform_simulator import (
    PlatformSimulator,
    SimulatedHttp,
    answering,
    opened,
)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (302, DocumentError),
        (400, PlatformRejectedError),
        (401, PlatformRefusedError),
        (403, PlatformRefusedError),
        (404, PlatformNotFoundError),
        (408, PlatformUnavailableError),
        (409, PlatformRejectedError),
        (429, PlatformUnavailableError),
        (500, PlatformUnavailableError),
        (503, PlatformUnavailableError),
    ],
)
async def test_a_status_says_whose_fault_it_is(
    platform: PlatformSimulator, status: int, kind: type[PlatformError]
) -> None:
    """Each failing status has its exception, which names the request and the status."""
    platform.fail("/policies", answering(status))
    with pytest.raises(kind, match=f"GET .*/apis/7/policies.*{status}"):
        await platform.client().policies("7")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("-7", None),
        ("soon", None),
        ("", None),
        ("9" * 400, 999_999_999.0),
        (formatdate(1_800_000_090, usegmt=True), 90.0),
        (formatdate(1_700_000_000, usegmt=True), 0.0),
    ],
)
async def test_retry_after_is_read_in_both_forms(
    platform: PlatformSimulator, text: str, seconds: float | None
) -> None:
    """Seconds, or a date measured by the platform's own clock; nonsense is no wish."""
    platform.fail("/policies", answering(429, retry_after=text))
    with pytest.raises(PlatformUnavailableError) as caught:
        await platform.client().policies("7")
    assert caught.value.retry_after_s == seconds


@pytest.mark.parametrize(
    "body", ["<html>", "", "[1, 2", '{"policies": 5}', '"text"', "null", "\x00", "[" * 5000]
)
async def test_a_body_that_is_not_the_expected_json_is_named(
    platform: PlatformSimulator, body: str
) -> None:
    """HTML, cut-off JSON and wrong shapes are one clear error with the content type."""
    platform.fail("/policies", answering(200, body, content_type="text/html"))
    with pytest.raises(DocumentError, match="text/html"):
        await platform.client().policies("7")


async def test_a_304_without_a_condition_is_refused(platform: PlatformSimulator) -> None:
    """A "not modified" without anything it could refer to must not pass for an empty list."""
    platform.fail("/policies", answering(304))
    with pytest.raises(DocumentError, match="304"):
        await platform.client().policies("7")


async def test_a_body_over_the_limit_is_not_read_to_its_end(platform: PlatformSimulator) -> None:
    """An endless body is left as soon as it is too large."""

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b" " * 100

    platform.fail("/policies", lambda _: httpx.Response(200, content=endless()))
    with pytest.raises(DocumentError, match="larger than 1000 bytes"):
        await platform.client(max_response_bytes=1000).policies("7")


async def test_a_compressed_body_counts_after_decompression(platform: PlatformSimulator) -> None:
    """A small body that swells is too large as well."""
    bomb = gzip.compress(b" " * 100_000)
    headers = {"content-encoding": "gzip"}
    platform.fail("/policies", lambda _: httpx.Response(200, content=bomb, headers=headers))
    with pytest.raises(DocumentError, match="larger"):
        await platform.client(max_response_bytes=1000).policies("7")


async def test_a_slow_body_ends_at_the_deadline(platform: PlatformSimulator) -> None:
    """A body that never ends is cut off, because the limit is for the whole exchange."""

    async def trickle() -> AsyncIterator[bytes]:
        yield b"["
        await asyncio.Event().wait()

    platform.fail("/policies", lambda _: httpx.Response(200, content=trickle()))
    with pytest.raises(PlatformUnavailableError, match="no complete response within"):
        await platform.client(request_timeout_s=0.05).policies("7")


@pytest.mark.parametrize(
    ("error", "kind"),
    [(HttpError("refused"), PlatformUnavailableError), (BrokenBodyError("refused"), DocumentError)],
)
async def test_a_failed_exchange_says_whose_fault_it_is(
    platform: PlatformSimulator, error: HttpError, kind: type[PlatformError]
) -> None:
    """A connection that fails is the platform's absence; a body that can't be read is no answer."""

    def fail(_request: httpx.Request) -> httpx.Response:
        raise error

    platform.fail("/policies", fail)
    with pytest.raises(kind, match=r"GET .*/7/policies: refused"):
        await platform.client().policies("7")


async def test_lists_are_read_to_their_end(platform: PlatformSimulator) -> None:
    """All instances of a large environment are found, page by page."""
    for number in range(100, 350):
        platform.add_api(str(number))
    assets = await platform.client().assets()
    assert len(assets.rows) == 251
    assert len(platform.asked("/apis?")) == 3


async def test_a_list_that_ends_early_is_not_whole(platform: PlatformSimulator) -> None:
    """Ten tiers promised and none there: an error, not an empty list."""
    platform.fail("/tiers", answering(200, '{"total": 10, "tiers": []}'))
    with pytest.raises(DocumentError, match="ended after 0 of 10"):
        await platform.client().tiers("7")


async def test_a_list_without_end_is_left(platform: PlatformSimulator) -> None:
    """Endless pages are bounded."""
    platform.fail("/tiers", answering(200, '{"total": 1000000, "tiers": [1]}'))
    with pytest.raises(DocumentError, match="more than 5 pages"):
        await platform.client(max_pages=5).tiers("7")


async def test_a_list_that_counts_instances_is_whole_too(platform: PlatformSimulator) -> None:
    """Whether `total` counts assets or their instances, nothing is missing and nothing fails."""

    def assets(request: httpx.Request) -> httpx.Response:
        first = request.url.params["offset"] == "0"
        rows = [{"name": "a", "apis": [{"id": 1}, {"id": 2}]}] if first else []
        return httpx.Response(200, json={"total": 2, "assets": rows})

    platform.fail("/apis?", assets)
    assert len((await platform.client().assets()).rows) == 1


@given(st.text(max_size=40) | st.datetimes().map(format_datetime))
def test_no_header_breaks_the_reading_of_times(text: str) -> None:
    """Whatever stands in `Date` and `Retry-After`, a wait is not negative and a time is a time."""
    headers = httpx.Headers([(b"date", text.encode()), (b"retry-after", text.encode())])
    answer = WholeResponse("GET /", 429, headers, b"")
    assert (retry_after_s(answer, FakeClock()) or 0.0) >= 0.0
    assert (server_time(answer) or 0.0) < 1e12


async def test_events_go_out_compressed_and_authorized(platform: PlatformSimulator) -> None:
    """Analytics arrive at their own address with the gateway's token."""
    client = platform.client(analytics_base_url="http://ingest.test/")
    assert await client.send_events(gzip.compress(b"[]")) == 0
    sent = platform.requests[-1]
    assert str(sent.url) == "http://ingest.test/v2/analytics/events"
    assert sent.headers["content-encoding"] == "gzip"
    assert sent.headers["authorization"].startswith("Bearer token-")
    assert gzip.decompress(sent.content) == b"[]"


@pytest.mark.parametrize(
    ("body", "refused"),
    [(b'{"rejected": [{"index": 0, "error": "api_id"}]}', 1), (b"<html>", 0), (b"[]", 0)],
)
async def test_events_that_the_platform_refuses_one_by_one_are_counted(
    platform: PlatformSimulator, body: bytes, refused: int
) -> None:
    """A batch that arrived is not sent again, but what was left out of it is known."""
    platform.fail("/v2/analytics", lambda _: httpx.Response(200, content=body))
    assert await platform.client().send_events(b"") == refused


@pytest.mark.parametrize("body", [b"<html>", b"{}", b"null", b'{"accepted": null}', b""])
async def test_a_batch_has_not_arrived_without_the_usual_receipt(
    platform: PlatformSimulator, body: bytes
) -> None:
    """Something between us and a platform that gives receipts has answered 200 in its place."""
    client = platform.client()
    answers = iter([b'{"accepted": 3, "rejected": []}', body])
    platform.fail("/v2/analytics", lambda _: httpx.Response(200, content=next(answers)))
    assert await client.send_events(b"") == 0
    with pytest.raises(DocumentError, match="no receipt"):
        await client.send_events(b"")


@pytest.mark.parametrize(
    ("status", "kind"), [(413, PlatformRejectedError), (503, PlatformUnavailableError)]
)
async def test_a_batch_knows_whether_to_try_again(
    platform: PlatformSimulator, status: int, kind: type[PlatformError]
) -> None:
    """A permanent refusal and a passing one are different exceptions."""
    platform.fail("/v2/analytics", answering(status))
    with pytest.raises(kind):
        await platform.client().send_events(b"")


async def test_requests_under_way_are_bounded(clock: FakeClock) -> None:
    """However many APIs there are, the platform sees so many requests at once."""
    under_way, go_on = 0, asyncio.Event()

    async def serve(request: httpx.Request) -> httpx.Response:
        nonlocal under_way
        if request.url.path.endswith("/token"):
            return httpx.Response(200, json={"access_token": "t"})
        under_way += 1
        await go_on.wait()
        return httpx.Response(200, json=[])

    client = PlatformClient(opened(SimulatedHttp(serve)), options(concurrency=3).platform, clock)
    asking = asyncio.gather(*(client.policies("7") for _ in range(50)))
    for _ in range(500):  # many more turns than it takes to send fifty requests
        await asyncio.sleep(0)
    assert under_way == 3
    go_on.set()
    assert len(await asking) == 50


async def test_an_organization_is_one_segment_too(platform: PlatformSimulator) -> None:
    """Whatever an operator writes there."""
    await platform.client(organization_id="a b/c").automated_policies()
    assert b"/organizations/a%20b%2Fc/" in platform.requests[-1].url.raw_path


async def test_a_content_type_is_shown_so_that_every_log_can_carry_it(
    platform: PlatformSimulator,
) -> None:
    """It may hold octets of no encoding."""
    headers = [(b"content-type", b"text/\xff")]
    platform.fail("/policies", lambda _: httpx.Response(200, content=b"<", headers=headers))
    with pytest.raises(DocumentError, match="text/") as caught:
        await platform.client().policies("7")
    assert str(caught.value).isascii()


async def test_an_api_id_cannot_change_the_path(platform: PlatformSimulator) -> None:
    """An id is one path segment, whatever is in it."""
    with pytest.raises(PlatformNotFoundError):
        await platform.client().instance("../7?x=")
    assert platform.requests[-1].url.raw_path.endswith(b"/apis/..%2F7%3Fx%3D")
