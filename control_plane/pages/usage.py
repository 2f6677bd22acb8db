"""How many requests clients made, for pages that say what a decision means."""

from datetime import UTC, datetime, timedelta

from control_plane.analytics.queries import GROUPINGS, Window
from control_plane.pages.visit import EnvironmentVisit


def window_since(visit: EnvironmentVisit, start: datetime, client_ids: tuple[str, ...]) -> Window:
    """The requests of these clients in the environment, from `start` until now."""
    end = visit.now() + timedelta(milliseconds=1)
    return Window(visit.environment.id, start, end, client_ids=client_ids)


def midnight(visit: EnvironmentVisit) -> datetime:
    """The beginning of the day, UTC."""
    return visit.now().astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def requests_today(visit: EnvironmentVisit, client_id: str) -> dict[int, int]:
    """How many requests the client made today, by API instance."""
    window = window_since(visit, midnight(visit), (client_id,))
    rows = visit.services.events.summary(window, GROUPINGS["api"])
    return {row["key"]: row["count"] for row in rows}
