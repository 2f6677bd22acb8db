"""`make demo`: runs the main features on a real Envoy, from the platform to analytics."""

import argparse
import asyncio
import json
import signal
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from demo.report import Report
from demo.stage import Stage
from demo.story import Story
from demo.traffic import HOURS, Traffic
from support.processes import ProgramError


def main() -> int:
    """Play all steps. Returns 0 if all are as expected, 1 if one differs, 2 if it can't run."""
    arguments = _arguments()
    with tempfile.TemporaryDirectory(prefix="policy-adapter-demo-") as directory:
        try:
            return asyncio.run(_play(Path(directory), arguments.keep, arguments.endpoints))
        except ProgramError as e:
            print(f"\nThe demo cannot continue: {e}", file=sys.stderr)
            return 2
        except (KeyboardInterrupt, asyncio.CancelledError):
            return 130


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave everything running until Ctrl-C")
    parser.add_argument(
        "--endpoints",
        type=Path,
        metavar="FILE",
        help="write addresses, ids and credentials to this file, as JSON",
    )
    return parser.parse_args()


async def _play(directory: Path, keep: bool, endpoints: Path | None) -> int:
    task = asyncio.current_task()
    if task is not None:  # SIGTERM stops all programs, like Ctrl-C
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    report = Report()
    async with Stage(directory, report) as stage:
        story = Story(stage, report)
        await story.set_up()
        await stage.open(str(story.api_id))
        if endpoints is not None:
            _write_endpoints(endpoints, stage, story)
        await story.play()
        if endpoints is not None:
            _write_endpoints(endpoints, stage, story)  # the platform has been restarted
        print(_verdict(report))
        if keep:
            await story.restore_contracts()
            async with Traffic(stage.addresses.envoy, story.applications):
                print(_invitation(stage, story), flush=True)
                await _ctrl_c()
    return 1 if report.differences else 0


async def _ctrl_c() -> None:
    """Wait for Ctrl-C, which ends the demo without an error."""
    pressed = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, pressed.set)
    await pressed.wait()


def _verdict(report: Report) -> str:
    if report.differences:
        return f"\nObservations that differ from what was expected: {report.differences}."
    return "\nAll observations are as expected."


def _write_endpoints(file: Path, stage: Stage, story: Story) -> None:
    """Write the file for scripts. It contains secrets, so only its owner can read it."""
    content = {
        "addresses": asdict(stage.addresses),
        "platform_credentials": stage.credentials,
        "api_id": story.api_id,
        "applications": {name: app._asdict() for name, app in story.applications.items()},
        "pids": {name: program.pid for name, program in stage.programs.items()},
        "directory": str(stage.directory),
    }
    file.touch(mode=0o600)
    file.chmod(0o600)
    file.write_text(json.dumps(content, indent=2) + "\n")


def _invitation(stage: Stage, story: Story) -> str:
    where, partner = stage.addresses, story.applications["Partner"]
    login = stage.credentials
    return f"""
Everything is still running. Press Ctrl-C to stop. The console is at {where.platform}
  log in as {login["admin_username"]} with {login["admin_password"]}
Clients of all kinds send a few requests each second, for {HOURS} hour. See them arrive:
  {where.platform}/environments/{login["environment_id"]}/analytics?range=15m&refresh=10
Try:
  curl -i {where.envoy}/orders/1
  curl -i {where.envoy}/orders/1 -H 'client_id: {partner.client_id}' \\
       -H 'client_secret: {partner.client_secret}'
  curl -s {where.inspection}/apis/{story.api_id}
  curl -s {where.inspection}/sync
  curl -s {where.metrics}/metrics
  curl -s {where.metrics}/readyz
Logs and settings are in {stage.directory}."""


if __name__ == "__main__":
    sys.exit(main())
