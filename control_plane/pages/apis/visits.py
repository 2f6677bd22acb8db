"""Who may see and change API instances, and the parts of one that have a page of their own."""

from typing import Annotated

from control_plane.accounts.roles import Permission
from control_plane.pages.navigation import Link
from control_plane.pages.visit import EnvironmentVisit, in_environment
from control_plane.store.tables import ApiInstance

ApisReader = Annotated[EnvironmentVisit, in_environment(Permission.APIS_READ)]
ApisWriter = Annotated[EnvironmentVisit, in_environment(Permission.APIS_WRITE)]

_TABS = {
    "Summary": "api",
    "Policies": "policies",
    "SLA tiers": "tiers",
    "Settings": "api_settings",
}


def api_tabs(visit: EnvironmentVisit, api_id: int) -> list[Link]:
    """The pages of an API instance. A page that does not exist is left out."""
    links = {
        label: visit.url(route, api_id=api_id)
        for label, route in _TABS.items()
        if route in visit.pages
    }
    if "contracts" in visit.pages and visit.may(Permission.CONTRACTS_READ):
        links["Contracts"] = f"{visit.url('contracts')}?api={api_id}"
    if visit.may(Permission.ALERTS_READ):
        links["Alerts"] = f"{visit.url('alerts')}?api={api_id}"
    return visit.tabs(links)


def title_of(api: ApiInstance) -> str:
    """What pages call an API instance, such as `orders 1.0.0 (blue)`."""
    label = f" ({api.instance_label})" if api.instance_label else ""
    return f"{api.asset.asset_id} {api.asset_version}{label}"
