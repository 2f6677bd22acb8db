"""The parts of the settings, as links above each of them."""

from control_plane.accounts.roles import Permission
from control_plane.pages.navigation import Link
from control_plane.pages.visit import Visit


def settings_tabs(visit: Visit) -> list[Link]:
    """The parts that the caller may see."""
    parts = {"Account": "settings", "Personal tokens": "tokens"}
    if visit.may_everywhere(Permission.USERS_READ):
        parts |= {"Users": "users", "Programs": "programs"}
    if visit.may_everywhere(Permission.ENVIRONMENTS_WRITE):
        parts["Environments"] = "environments"
    return visit.tabs({label: visit.url(route) for label, route in parts.items()})
