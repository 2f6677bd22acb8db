"""Injects one fault under load, waits for the recovery, and counts."""

import asyncio
import time
from typing import Final

import httpx

from chaos.account import Account, Row
from chaos.fault import Fault
from chaos.plan import Plan
from chaos.site import Site

_RECOVERY_DEADLINE_S: Final = 60.0
_SETTLING_DEADLINE_S: Final = 60.0
_WELL_S: Final = 0.5
"""How long all must be well, so that it counts as recovered."""
_QUIET_S: Final = 4.0
"""How long no event must arrive. Longer than Envoy keeps entries back."""
_PAUSE_S: Final = 0.1


async def measure(site: Site, fault: Fault, plan: Plan) -> Row:
    """One row of the table."""
    account = site.load.account = Account()
    async with site.load.sending(site.clients, plan.rate):
        await asyncio.sleep(plan.before_s)
        try:
            await fault.inject(site)
            injected_s = time.monotonic()
            await asyncio.sleep(plan.fault_s if fault.lasts else 0)
        finally:
            healed_s = time.monotonic()
            await fault.heal(site)
        since_s = healed_s if fault.lasts else injected_s
        recovery_s = await _recovery(site, account, since_s)
    await _settle(site, account)
    return account.row(fault.name, site.platform.events, recovery_s)


async def _recovery(site: Site, account: Account, since_s: float) -> float | None:
    """The seconds until all was well, and no request failed any more; None if it took too long."""
    well_s: float | None = None
    while (now_s := time.monotonic()) < since_s + _RECOVERY_DEADLINE_S:
        if not await site.is_well():
            well_s = None
        elif well_s is None:
            well_s = now_s
        if well_s is not None:
            recovered_s = max(well_s, account.last_failure)
            if now_s > recovered_s + _WELL_S:
                return max(recovered_s - since_s, 0)
        await asyncio.sleep(_PAUSE_S)
    return None


async def _settle(site: Site, account: Account) -> None:
    """Wait until the platform has all events, or gets no more of them."""
    began_s = arrived_s = time.monotonic()
    lost = len(account.answered) + 1
    while (now_s := time.monotonic()) < began_s + _SETTLING_DEADLINE_S:
        site.platform.events.read()
        before, lost = lost, account.lost(site.platform.events)
        if lost == 0:
            return
        if lost < before or await _events_wait(site):
            arrived_s = now_s
        if now_s > arrived_s + _QUIET_S:
            return
        await asyncio.sleep(_PAUSE_S)


async def _events_wait(site: Site) -> bool:
    try:
        return any([await replica.waiting() > 0 for replica in site.replicas])
    except httpx.HTTPError:
        return True
