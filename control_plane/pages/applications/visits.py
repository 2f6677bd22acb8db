"""Who may see and change client applications.

They belong to the organization, so changing them needs a role in all environments. The pages show
contracts and requests of one environment.
"""

from typing import Annotated

from fastapi import Depends

from control_plane.accounts.roles import Permission
from control_plane.pages.visit import EnvironmentVisit, in_environment

ApplicationsReader = Annotated[EnvironmentVisit, in_environment(Permission.APPLICATIONS_READ)]


def _writer(visit: ApplicationsReader) -> EnvironmentVisit:
    visit.caller.require(Permission.APPLICATIONS_WRITE)
    return visit


ApplicationsWriter = Annotated[EnvironmentVisit, Depends(_writer)]
