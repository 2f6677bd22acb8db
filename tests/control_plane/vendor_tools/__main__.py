"""`make vendor-tools`: runs the vendor's tools and writes the tables of docs/vendor-tools.md."""

import asyncio

from tests.control_plane.vendor_tools import cli_scenario, sdk_scenario
from tests.control_plane.vendor_tools.tables import table, write_part


async def main() -> None:
    """Write both tables."""
    commands, _ = await cli_scenario.outcomes()
    write_part("commands", table("command", commands))
    write_part("calls", table("call", await sdk_scenario.outcomes()))


if __name__ == "__main__":
    asyncio.run(main())
