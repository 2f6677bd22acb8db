"""From the platform's lists of policies to applied policies.

A policy that cannot be read is kept with a fault. The fault closes the APIs that it applies to.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from pydantic import ValidationError

from adapter.platform_client.protocol.documents import faults
from adapter.platform_client.protocol.field_types import flag, shown
from adapter.platform_client.protocol.masked_secrets import masked_places
from adapter.platform_client.protocol.policy_document import PolicyDocument, id_of, types_of
from adapter.policy.catalog import AppliedPolicy, Pointcut

_DEFAULT_ORDER: Final = 50
_MAX_POLICIES: Final = 200
"""Of one list, to limit the time of a compilation; real lists have tens."""
_MOST_PLACES: Final = 10
_MULE_RUNTIMES: Final = frozenset({"mule3", "mule4"})


def policies_from(rows: Iterable[Any], *, automated: bool = False) -> tuple[AppliedPolicy, ...]:
    """The applied policies without the disabled ones; an unreadable one is kept with its fault.

    A policy counts as disabled only if `disabled` says so clearly, in any spelling of true.
    """
    kept = [row for row in rows if not (isinstance(row, dict) and flag(row.get("disabled")))]
    if len(kept) > _MAX_POLICIES:
        fault = f"the list has {len(kept)} policies, but at most {_MAX_POLICIES} can be enforced"
        return (AppliedPolicy("?", "?", {}, automated=automated, fault=fault),)
    return tuple(_policy(row, automated) for row in kept)


def automated_policies_from(
    rows: Iterable[Any], environment_id: str, mule_only: Callable[[str], None]
) -> tuple[AppliedPolicy, ...]:
    """The automated policies that apply to this gateway in this environment.

    `mule_only` is called with the name of each policy of this environment that is left out because
    it is for Mule runtimes only.
    """
    ours = []
    for row in rows:
        scope = row.get("ruleOfApplication") if isinstance(row, dict) else None
        if not isinstance(scope, dict):
            ours.append(row)
        elif not _names_environment(scope, environment_id):
            continue
        elif _is_mule_only(scope):
            mule_only(_name_of(row))
        else:
            ours.append(row)
    return policies_from(ours, automated=True)


def _names_environment(scope: Mapping[str, Any], environment_id: str) -> bool:
    """Whether a rule of application names this environment, or none that we can read."""
    named = scope.get("environmentId")
    return not isinstance(named, str) or named.casefold() == environment_id.casefold()


def _is_mule_only(scope: Mapping[str, Any]) -> bool:
    """Whether a rule of application names Mule runtimes and nothing else.

    The adapter takes the place of Flex Gateway or a service mesh. A technology that we do not know
    may be a new name for one of these.
    """
    technologies = scope.get("technologies")
    words = technologies if isinstance(technologies, list) else [technologies]
    return bool(words) and all(map(_is_mule, words))


def _is_mule(word: Any) -> bool:
    return isinstance(word, str) and word.strip().lower() in _MULE_RUNTIMES


def _name_of(row: Mapping[str, Any]) -> str:
    return f"{shown(next(iter(types_of(row)), None))} (id {shown(id_of(row))})"


def _policy(row: Any, automated: bool) -> AppliedPolicy:
    try:
        document = PolicyDocument.model_validate(row)
    except ValidationError as e:
        return _unreadable(row, automated, faults(e))
    return AppliedPolicy(
        policy_id=document.id,
        policy_type=document.asset_id,
        configuration=document.configuration_data,
        order=_DEFAULT_ORDER if document.order is None else document.order,
        pointcuts=tuple(
            Pointcut(p.method_regex or "", p.uri_template_regex or "")
            for p in document.pointcut_data or ()
        ),
        automated=automated,
        fault=_mask_fault(document.configuration_data),
    )


def _unreadable(row: Any, automated: bool, why: str) -> AppliedPolicy:
    """Keep it under its id and type, if these can be read."""
    fields = row if isinstance(row, dict) else {}
    return AppliedPolicy(
        policy_id=shown(id_of(fields)),
        policy_type=shown(next(iter(types_of(fields)), None)),
        configuration={},
        automated=automated,
        fault=f"the platform's description of it cannot be read: {why}",
    )


def _mask_fault(configuration: Mapping[str, Any]) -> str | None:
    places = masked_places(configuration)
    if not places:
        return None
    more = f" and {len(places) - _MOST_PLACES} more" if len(places) > _MOST_PLACES else ""
    named = ", ".join(places[:_MOST_PLACES]) + more
    return (
        f"{named}: the platform hides the value behind a mask; enter it again in the policy, and "
        "give the gateway's client the right to read policy secrets"
    )
