"""What should be in the cluster, and what each ApiBinding is told."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from adapter.controller.core.attachment import envoy_key
from adapter.controller.core.binding import ACCEPTED, BindingKey, EnvoyKey
from adapter.controller.core.cluster import Cluster
from adapter.controller.core.desired_objects import bindings_object, mesh_objects
from adapter.controller.core.judgement import Judged, Judgement
from adapter.controller.core.options import MeshOptions
from adapter.controller.core.planning import Wanted, render_all
from adapter.controller.core.refusal import PLATFORM_UNAVAILABLE, Refusal
from adapter.controller.core.refused_bindings import (
    closed_parts,
    is_keeping,
    kept_namespaces,
    with_checked_ports,
)
from adapter.controller.core.resources import Key
from adapter.controller.core.suggestions import Suggestion, suggestions
from adapter.envoy_config.parts.tree import Tree


class Acceptance(NamedTuple):
    """The condition Accepted of an ApiBinding, and where its objects are."""

    status: str
    """True, False or Unknown."""
    reason: str
    message: str
    api_id: str = ""
    envoys: frozenset[EnvoyKey] = frozenset()
    """Those that ask the adapter because of it. A refusal changes nothing about them."""


@dataclass(frozen=True, slots=True)
class Decision:
    """All that follows from the cluster and the answers of the platform."""

    objects: Mapping[Key, Tree]
    """Objects of the mesh, in the order in which they are applied."""
    bindings: tuple[Key, Tree]
    """The ConfigMap with the adapter's bindings, which comes before the objects."""
    kept_namespaces: frozenset[str]
    """Where nothing is removed: all ApiBindings of an Envoy there are refused, and removing the
    Envoy's objects would open what they protect."""
    acceptances: Mapping[BindingKey, Acceptance]
    suggestions: tuple[Suggestion, ...]


def decide(
    cluster: Cluster,
    options: MeshOptions,
    judgement: Judgement,
    answers: Mapping[BindingKey, str | Refusal],
    live: Mapping[Key, Tree],
) -> Decision:
    """Decide.

    `answers` has the API's id, or why there is none, for ApiBindings by asset. `live` are the
    objects of the mesh that the controller has applied before.
    """
    acceptances = {
        key: Acceptance("False", *refusal) for key, refusal in judgement.unreadable.items()
    }
    wanted: list[Wanted] = []
    refused: list[Judged] = []
    for one in judgement.judged:
        api_id = one.refusal or _api_id(one, answers)
        if isinstance(api_id, str):
            wanted.append(Wanted(one, api_id))
        else:
            acceptances[one.binding.key] = _refused(one, api_id)
            refused += [one] if is_keeping(one) else []
    rendered = render_all(options, [*wanted, *closed_parts(refused, wanted)])
    for one, api_id in wanted:
        refusal = rendered.refused.get(one.binding.key)
        acceptances[one.binding.key] = (
            _accepted(one, api_id) if refusal is None else _refused(one, refusal)
        )
    accepted = {key for key, acceptance in acceptances.items() if acceptance.status == "True"}
    return Decision(
        objects=with_checked_ports(mesh_objects(options, rendered.documents), live, refused),
        bindings=bindings_object(options, rendered.documents),
        kept_namespaces=kept_namespaces(judgement.judged, accepted),
        acceptances=acceptances,
        suggestions=tuple(suggestions(cluster, options, judgement.judged)),
    )


def _api_id(one: Judged, answers: Mapping[BindingKey, str | Refusal]) -> str | Refusal:
    """The API's id. While the platform cannot say it, the one that the status has."""
    binding = one.binding
    if binding.asset is None:
        return binding.api_id
    answer = answers[binding.key]
    is_away = isinstance(answer, Refusal) and answer.reason == PLATFORM_UNAVAILABLE
    return binding.known_api_id or answer if is_away else answer


def _accepted(one: Judged, api_id: str) -> Acceptance:
    envoys = frozenset(envoy_key(attachment.envoy) for attachment in one.attachments)
    return Acceptance("True", ACCEPTED, "Targets and API are known.", api_id, envoys)


def _refused(one: Judged, refusal: Refusal) -> Acceptance:
    status = "Unknown" if refusal.reason == PLATFORM_UNAVAILABLE else "False"
    return Acceptance(status, *refusal, one.binding.known_api_id, one.binding.known_envoys)
