"""Which ApiBindings are accepted: their targets exist, and no older one has bound them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from adapter.controller.core.attachment import Attachment
from adapter.controller.core.binding import Binding, BindingKey, read_binding
from adapter.controller.core.cluster import Cluster
from adapter.controller.core.options import MeshOptions
from adapter.controller.core.refusal import CONFLICTED, Refusal, RefusedError
from adapter.controller.core.resources import API_BINDING
from adapter.controller.core.rule_names import RuleNames, bound_rules
from adapter.controller.core.shared_pods import SharedPods
from adapter.controller.core.targets import attachments_of


@dataclass(frozen=True, slots=True)
class Judged:
    """An ApiBinding, and what was found out about it."""

    binding: Binding
    attachments: tuple[Attachment, ...] = ()
    refusal: Refusal | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """All ApiBindings, the oldest first."""

    judged: tuple[Judged, ...]
    unreadable: Mapping[BindingKey, Refusal]
    """Those that are not what their definition says."""

    @property
    def accepted(self) -> list[Judged]:
        """Those without a refusal."""
        return [one for one in self.judged if one.refusal is None]


def judge(cluster: Cluster, options: MeshOptions) -> Judgement:
    """Judge all ApiBindings of the cluster."""
    bindings, unreadable = [], {}
    for content in cluster.all(API_BINDING):
        try:
            bindings.append(read_binding(content))
        except RefusedError as e:
            key = BindingKey(content["metadata"]["namespace"], content["metadata"]["name"])
            unreadable[key] = Refusal(e.reason, str(e))
    found = [_targets_of(cluster, options, b) for b in sorted(bindings, key=lambda b: b.age)]
    judged = _without_shared_names(RuleNames(cluster, options), found)
    return Judgement(tuple(_without_conflicts(options, judged)), unreadable)


def _targets_of(cluster: Cluster, options: MeshOptions, binding: Binding) -> Judged:
    """The attachments of all targets, or everything that is wrong with them."""
    attachments: list[Attachment] = []
    faults: list[RefusedError] = []
    for ref in binding.targets:
        try:
            attachments += attachments_of(cluster, options, binding.key.namespace, ref)
        except RefusedError as e:
            faults.append(e)
    if not faults:
        return Judged(binding, tuple(attachments))
    return Judged(
        binding, tuple(attachments), Refusal(faults[0].reason, "; ".join(map(str, faults)))
    )


def _without_shared_names(names: RuleNames, judged: Iterable[Judged]) -> list[Judged]:
    """Refuse ApiBindings whose requests Istio cannot tell from those of another route."""
    kept = [_refused(one, names.faults_of(one.attachments)) for one in judged]
    bound = bound_rules(c for one in kept if one.refusal is None for c in one.attachments)
    return [_refused(one, names.hidden(one.attachments, bound)) for one in kept]


def _refused(one: Judged, faults: Iterable[str]) -> Judged:
    """With a refusal if there are faults, and if it has none yet."""
    message = "; ".join(dict.fromkeys(faults))
    if one.refusal or not message:
        return one
    return replace(one, refusal=Refusal(CONFLICTED, message))


def _without_conflicts(options: MeshOptions, judged: Iterable[Judged]) -> Iterator[Judged]:
    """Refuse younger ApiBindings of the same target; a part of a target goes before its whole.

    Those that are refused for another reason keep their targets, so that no younger one takes them.
    """
    owners: dict[tuple[str, bool], BindingKey] = {}
    pods = SharedPods()
    kept = []
    for one in judged:
        wanted = {(c.conflict_key(options.mesh), c.is_specific) for c in one.attachments}
        others = sorted({owners[key] for key in wanted if key in owners})
        sharing = sorted(pods.owners(one.attachments))
        faults = [f"{other} is older and has bound the same target" for other in others[:1]]
        faults += [f"{other} is older and has bound some of the same pods" for other in sharing[:1]]
        kept.append(_refused(one, faults))
        refusal = kept[-1].refusal
        if refusal is None or refusal.reason != CONFLICTED:
            owners |= dict.fromkeys(wanted - owners.keys(), one.binding.key)
            pods.add(one.attachments, one.binding.key)
    parts = {key for key, is_specific in owners if is_specific}
    return (_leaving(one, parts, options) for one in kept)


def _leaving(one: Judged, parts: set[str], options: MeshOptions) -> Judged:
    """Leave the parts of a whole target to those that name them."""
    attachments = [
        attachment
        for attachment in one.attachments
        if attachment.is_specific or attachment.conflict_key(options.mesh) not in parts
    ]
    return replace(one, attachments=tuple(attachments))
