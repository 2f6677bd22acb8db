"""A broken connection between the adapters and the control plane."""

from typing import Final

from chaos.fault import Fault
from chaos.site import Site

UNAVAILABLE: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
)


def _json(body: bytes, length: int | None = None) -> bytes:
    """An answer that says that it is good. `length`: what it says about its own length."""
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n"
    return head + b"content-length: %d\r\n\r\n" % (length or len(body)) + body


GARBAGE: Final = (
    b"\x16\x03\x01\x00\xff\x00garbage" * 100,
    _json(b"\xff\xfe garbage"),
    _json(b"{}"),
    _json(b"null"),
    _json(b'"garbage"'),
    _json(b'{"policies": null, "contracts": null, "assets": null, "access_token": null}'),
    _json(b'{"policies": [', length=10_000),
    _json(b"[" * 5_000),
)


class Partition(Fault):
    """Heals as all of them do."""

    async def heal(self, site: Site) -> None:
        """Forward everything again."""
        site.proxy.heal()


class Drop(Partition):
    """Lost packets."""

    name = "partition, all packets dropped"
    story = "Nothing passes between the adapters and the control plane. Connections stay open."

    async def inject(self, site: Site) -> None:
        """Drop everything."""
        site.proxy.drop()


class Delay(Partition):
    """A slow network."""

    name = "partition, 0.4 s of delay"
    story = "Everything between the adapters and the control plane takes 0.4 s in each direction."

    async def inject(self, site: Site) -> None:
        """Delay everything."""
        site.proxy.delay(0.4)


class ServerErrors(Partition):
    """503."""

    name = "partition, only 503"
    story = "A proxy answers all requests of the adapters with 503."

    async def inject(self, site: Site) -> None:
        """Answer 503."""
        site.proxy.answer([UNAVAILABLE])


class Garbage(Partition):
    """Answers without sense."""

    name = "partition, only garbage"
    story = (
        "A proxy answers all requests of the adapters with garbage, in turn: bytes that are no "
        "HTTP, a status of 200 with bytes that are no JSON, with JSON of the wrong form, with "
        "JSON that is cut off, and with JSON of 5,000 levels."
    )

    async def inject(self, site: Site) -> None:
        """Answer garbage."""
        site.proxy.answer(GARBAGE)
