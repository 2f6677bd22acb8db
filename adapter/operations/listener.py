"""A small HTTP listener for operators."""

from collections.abc import Iterable

from aiohttp import web

from adapter.errors import ConfigurationError


class OperatorListener:
    """Serves some routes on one address; start and stop as often as you like, once each."""

    def __init__(self, address: str, routes: Iterable[web.RouteDef]) -> None:
        self._host, _, port = address.rpartition(":")
        self._port = int(port)
        application = web.Application()
        application.add_routes(routes)
        self._runner = web.AppRunner(application, access_log=None, handle_signals=False)

    async def start(self) -> str:
        """Bind and serve; return `HOST:PORT` as bound. Raises ConfigurationError if taken."""
        await self._runner.setup()
        host = self._host.strip("[]")
        try:
            await web.TCPSite(self._runner, host, self._port).start()
        except OSError as e:
            await self._runner.cleanup()
            raise ConfigurationError(f"cannot listen on {self._host}:{self._port}: {e}") from None
        return f"{self._host}:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        """Close the listener."""
        await self._runner.cleanup()
