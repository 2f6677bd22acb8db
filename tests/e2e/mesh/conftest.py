"""An adapter with the rendered settings, and the APIs of the example plans."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml

from adapter.envoy_config.mesh import Mesh, text_of
from adapter.ext_authz.check.reader import RequestReader
from adapter.policy.bindings import ApiBinding
from adapter.policy.evaluation import Evaluation
from adapter.policy.verdicts import Continue
from adapter.settings import RequestSettings
from tests.builders import api_ruled_by
from tests.rig.adapters import AdapterInProcess, CollectedLogs
from tests.rig.envoy_binaries import NEWEST, envoy_binary
from tests.rig.mesh_plans import rendered
from tests.rig.raw_http import Answer

TOKEN = "100%ours"
"""With a sign that has to be written twice in Envoy's configuration."""
FORGED = [
    ("x-adapter-api-id", "6"),
    ("x_adapter_client_id", "admin"),
    ("x-adapter-anything", "1"),
    ("x-adapter-client-address", "6.6.6.6"),
    ("x-forwarded-for", "6.6.6.6"),
]


def _telling_address(evaluation: Evaluation) -> Continue:
    return Continue(set_headers=(("x-seen-address", str(evaluation.request.client_address)),))


APIS = [api_ruled_by(str(number), _telling_address) for number in range(1, 8)]


@pytest.fixture(scope="session")
def binary() -> Path:
    """The newest Envoy alone. Other tests show the same parts on the oldest one."""
    return envoy_binary(NEWEST)


def documents(mesh: Mesh, token: str | None) -> list[dict[str, Any]]:
    """What an operator applies, with timeouts that no slow machine exceeds."""
    text = text_of(rendered(mesh, token=token))
    patient = text.replace("0.5s", "5s").replace("500ms", "5s")
    return list(yaml.safe_load_all(patient))


def adapter_with(
    settings: dict[str, Any], logs: CollectedLogs, token: str | None
) -> AdapterInProcess:
    """An adapter with the first of the documents as its settings."""
    requests = RequestSettings.model_validate(settings["requests"])
    bindings: Iterable[ApiBinding] = [
        ApiBinding(**binding.model_dump(exclude_defaults=True)) for binding in requests.bindings
    ]
    reader = RequestReader(requests.client_address_header, requests.forwarded_for_position)
    return AdapterInProcess(APIS, token=token, bindings=bindings, reader=reader, logs=logs)


def assert_nothing_forged_passed(answer: Answer) -> None:
    """The service sees only what the adapter said, and the address is the connection's."""
    names = {name for name, _ in answer.json()["headers"]}
    ours = {name for name in names if name.replace("_", "-").startswith("x-adapter-")}
    assert ours == {"x-adapter-api-id"}
    # An Envoy that appends to x-forwarded-for writes its own address for a client on loopback.
    (address,) = answer.upstream_saw("x-seen-address")
    assert address not in {"6.6.6.6", "None"}
