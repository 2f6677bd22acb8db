"""Makes the calls of `sdk_calls.py`, and tells which of them worked."""

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path

from anypoint_sdk import AnypointClient
from anypoint_sdk._http import HttpError

from tests.control_plane.vendor_tools.sdk_calls import CALLS, Call, Sdk
from tests.control_plane.vendor_tools.tables import Outcome
from tests.rig.connected_apps import connected_app
from tests.rig.control_plane import RunningControlPlane, running_control_plane


async def outcomes() -> list[Outcome]:
    """What became of each call."""
    with tempfile.TemporaryDirectory() as directory:
        async with running_control_plane(Path(directory)) as platform:
            return await asyncio.to_thread(_outcomes, platform)


@contextmanager
def sdk_of(platform: RunningControlPlane, name: str = "anypoint-sdk") -> Iterator[Sdk]:
    """A client that is logged in as a new connected app of that name, an owner."""
    app = connected_app(platform, name, role="owner")
    client = AnypointClient.from_client_credentials(
        app["client_id"], app["client_secret"], base_url=platform.base_url
    )
    credentials = platform.credentials
    with client:
        yield Sdk(client, credentials.organization_id, credentials.environment_id)


def _outcomes(platform: RunningControlPlane) -> list[Outcome]:
    with sdk_of(platform) as sdk:
        return [Outcome(call.called, _worked(call, sdk), call.note) for call in CALLS]


def _worked(call: Call, sdk: Sdk) -> bool:
    """Whether it did; only what the control plane does not have may fail."""
    try:
        assert call.worked(sdk, (sdk.org, sdk.env)), call.called
    except HttpError as error:
        if error.status != HTTPStatus.NOT_FOUND:
            raise
        return False
    return True
