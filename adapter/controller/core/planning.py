"""The mesh plan of all accepted ApiBindings."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from adapter.controller.core.attachment import Attachment, envoy_key
from adapter.controller.core.binding import BindingKey, EnvoyKey
from adapter.controller.core.judgement import Judged
from adapter.controller.core.options import MeshOptions
from adapter.controller.core.refusal import CONFLICTED, INVALID, Refusal
from adapter.envoy_config.mesh import Document, render_mesh
from adapter.envoy_config.mesh.plan import MeshApi, MeshEnvoy
from adapter.errors import ConfigurationError

_Pods: TypeAlias = tuple[EnvoyKey, tuple[tuple[str, str], ...]]
"""An Envoy and the labels of its pods, which differ if two Envoys would have one name."""


class Wanted(NamedTuple):
    """An ApiBinding that is accepted, and its API."""

    judged: Judged
    api_id: str


class Rendered(NamedTuple):
    """What is rendered, and which ApiBindings had to be left out of it."""

    documents: tuple[Document, ...]
    refused: Mapping[BindingKey, Refusal]


def render_all(options: MeshOptions, wanted: Sequence[Wanted]) -> Rendered:
    """Render as many ApiBindings as fit together, the oldest first."""
    documents, fault = _rendered(options, wanted)
    if fault is None:
        return Rendered(documents, {})
    kept: list[Wanted] = []
    refused: dict[BindingKey, Refusal] = {}
    for one in wanted:
        attempt, fault = _rendered(options, [*kept, one])
        if fault is None:
            kept.append(one)
            documents = attempt
        else:
            refused[one.judged.binding.key] = _refusal(options, one, fault)
    return Rendered(documents if kept else (), refused)


def _refusal(options: MeshOptions, one: Wanted, fault: str) -> Refusal:
    """An ApiBinding that cannot be rendered alone is invalid; otherwise others are in its way."""
    _, own = _rendered(options, [one])
    return Refusal(INVALID, own) if own else Refusal(CONFLICTED, fault)


def _rendered(
    options: MeshOptions, wanted: Sequence[Wanted]
) -> tuple[tuple[Document, ...], str | None]:
    """The documents, or what is wrong."""
    envoys = _envoys([(c, one.api_id) for one in wanted for c in one.judged.attachments])
    if not envoys:
        return (), None
    try:
        return tuple(render_mesh(options.config(envoys))), None
    except ConfigurationError as e:
        return (), "; ".join(str(e).splitlines())


def _envoys(attachments: Iterable[tuple[Attachment, str]]) -> tuple[MeshEnvoy, ...]:
    """Each Envoy once, with all its APIs. The order of the attachments does not matter."""
    envoys: dict[_Pods, MeshEnvoy] = {}
    apis: dict[_Pods, list[MeshApi]] = {}
    for attachment, api_id in attachments:
        key = envoy_key(attachment.envoy), tuple(sorted(attachment.envoy.labels.items()))
        envoys[key] = attachment.envoy
        apis.setdefault(key, []).append(attachment.with_api(api_id))
    return tuple(
        envoys[key].model_copy(update={"apis": tuple(sorted(apis[key], key=_order))})
        for key in sorted(envoys)
    )


def _order(api: MeshApi) -> tuple[int, str, str]:
    """A workload before its ports, because Envoy's later patches win."""
    return api.port or 0, api.route or "", api.api_id
