"""ClickHouse's HTTP interface: one request for each statement."""

from typing import Final

import httpx2
from sqlalchemy import URL
from sqlalchemy.exc import OperationalError

_TIMEOUT_S: Final = 60.0
_CONNECT_TIMEOUT_S: Final = 10.0
_HTTP_PORT: Final = 8123

MAX_QUESTION: Final = 1 << 20
"""Octets of a question. Rows to insert don't count."""


class ClickHouseServer:
    """A server, with a pool of connections. The methods may be called from any thread."""

    def __init__(self, address: URL, *, transport: httpx2.BaseTransport | None = None) -> None:
        """`clickhouse://USER:PASSWORD@HOST:PORT/DATABASE`; with `clickhouses`, over TLS."""
        scheme = "https" if address.drivername == "clickhouses" else "http"
        headers = {"X-ClickHouse-User": address.username or "default"}
        if address.password:
            headers["X-ClickHouse-Key"] = str(address.password)
        if address.database:
            headers["X-ClickHouse-Database"] = address.database
        self._client = httpx2.Client(
            base_url=f"{scheme}://{address.host}:{address.port or _HTTP_PORT}",
            headers=headers,
            params={"max_query_size": MAX_QUESTION},
            timeout=httpx2.Timeout(_TIMEOUT_S, connect=_CONNECT_TIMEOUT_S),
            transport=transport,
            trust_env=False,
        )

    def ask(self, statement: str) -> str:
        """The answer; raise OperationalError if there is none."""
        try:
            response = self._client.post("/", content=statement.encode())
        except httpx2.HTTPError as error:
            raise OperationalError(None, None, error) from error
        if response.is_success:
            return response.text
        # The first line, because ClickHouse repeats the statement in its messages.
        reason = RuntimeError(f"ClickHouse: {response.status_code} {response.text[:200]}")
        raise OperationalError(None, None, reason)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
