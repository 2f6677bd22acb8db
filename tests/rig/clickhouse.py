"""ClickHouse's engine in this process (chdb), also behind the HTTP interface of its server."""

import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from chdb.session import Session
from sqlalchemy.exc import OperationalError

from control_plane.store.clickhouse.server import MAX_QUESTION

_NUMBERS = itertools.count(1)


class ClickHouseEngine:
    """One engine for each process of tests; each test gets a database of its own."""

    def __init__(self) -> None:
        self._session = Session()
        self._session.query(f"SET max_query_size = {MAX_QUESTION}")
        # The engine takes one statement at a time.
        self._lock = threading.Lock()

    @contextmanager
    def empty_database(self) -> Iterator[str]:
        """A new database, which statements use while the block runs."""
        name = f"events_{next(_NUMBERS)}"
        self._session.query(f"CREATE DATABASE {name} ENGINE = Atomic")
        self._session.query(f"USE {name}")
        yield name
        self._session.query("USE default")
        self._session.query(f"DROP DATABASE {name}")

    def ask(self, statement: str) -> str:
        """The answer to a statement, as `ClickHouseServer.ask` gives it."""
        try:
            with self._lock:
                return str(self._session.query(statement))
        except RuntimeError as error:
            raise OperationalError(statement[:500], None, error) from error

    def close(self) -> None:
        """End the engine."""
        self._session.close()


@contextmanager
def http_interface(engine: ClickHouseEngine, seen: list[dict[str, str]]) -> Iterator[int]:
    """The port at which the engine answers as a server does; notes the headers of requests."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            seen.append({name.lower(): value for name, value in self.headers.items()})
            statement = self.rfile.read(int(self.headers["Content-Length"])).decode()
            try:
                status, answer = 200, engine.ask(statement)
            except OperationalError as error:
                status, answer = 404, str(error.orig)
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer.encode())))
            self.end_headers()
            self.wfile.write(answer.encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the base
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()
