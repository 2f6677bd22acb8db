"""`policy-control-plane rebuild-rollups`: makes the numbers of the dashboard anew."""

import typer

from control_plane.cli.common import DatabaseOption, failing_in_words, opened, settings_with


def rebuild_rollups(database: DatabaseOption = None) -> None:
    """Make the numbers of the dashboard anew from the events that are kept.

    Run it once after an upgrade from a version without a dashboard. The platform may be running.
    """
    with failing_in_words(), opened(settings_with(database)) as services:
        total = services.events.rebuild(services.clock.now)
    typer.echo(f"counted {total:,} events")
