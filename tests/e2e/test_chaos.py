"""`make chaos` in its short form, up to Ctrl-C in its last fault."""

import os
import signal
import sys
from pathlib import Path
from uuid import uuid4

import pytest

from chaos.plan import SHORT
from support.processes import Program, ProgramError
from tests.rig.polling import until

CHAOS = (sys.executable, "-m", "chaos", "--short")


async def test_nobody_gets_in_nothing_is_lost_and_all_processes_end(tmp_path: Path) -> None:
    """Ctrl-C also ends the processes that a fault has stopped."""
    mark = f"CHAOS_RUN={uuid4()}"
    run = Program("chaos", ("env", mark, *CHAOS), tmp_path / "chaos.log")
    await run.start()
    try:
        await until(lambda: states(mark))
        # The last fault stops an adapter. A machine with other work takes its time until then.
        await until(lambda: "T" in states(mark) or not states(mark), deadline_s=240)
    finally:
        os.kill(run.pid, signal.SIGINT)
        with pytest.raises(ProgramError):
            await run.until_exit()
    log = run.log.read_text()
    assert all(fault.name in log for fault in SHORT.faults[:-1])
    assert "WRONG" not in log
    assert states(mark) == []


def states(mark: str) -> list[str]:
    """The states of the processes with this in their environment: T is stopped."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (process / "environ").read_bytes():
                found.append((process / "stat").read_text().rpartition(") ")[2][0])
        except OSError:  # it has just ended
            continue
    return found
