"""The demo is a promise; here it is kept."""

import json
import sys
from pathlib import Path

from demo.processes import Program


async def test_the_story_goes_as_told(tmp_path: Path) -> None:
    """`make demo` ends with success, and `--endpoints` tells scripts where everything is."""
    endpoints = tmp_path / "endpoints.json"
    command = (sys.executable, "-m", "demo", "--endpoints", str(endpoints))
    demo = Program("demo", command, tmp_path / "demo.log")
    await demo.start()
    await demo.until_exit()
    told = (tmp_path / "demo.log").read_text()
    assert "The story went as told." in told
    found = json.loads(endpoints.read_text())
    assert found["addresses"]["envoy"].startswith("http://127.0.0.1:")
    assert set(found["applications"]) == {"Mobile", "Partner", "Stranger"}
    assert endpoints.stat().st_mode & 0o077 == 0
