"""Masks in files: `***` stands for the secret that is stored in the same place."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final, TypeVar

from control_plane.management.environment_file.content import Api, Columns, Policy
from control_plane.management.environment_file.matching import ApiPair, Matched, Pair
from control_plane.management.environment_file.members import member_of
from control_plane.management.masked_secrets import masked
from control_plane.management.policy_secrets import masked_policy, masks_in, restored

_SECRET: Final = ("configuration", "endpoint", "endpoint_uri", "deployment", "routing")
"""The columns that may have secrets in them."""

Row = TypeVar("Row", Api, Policy)


def without_secrets(columns: Columns) -> dict[str, Any]:
    """The columns with masks, for people to read."""
    hidden = {name: masked(columns[name]) for name in _SECRET if name in columns}
    shown = {**columns, **hidden}
    if "configuration" in columns:
        shown["configuration"] = masked_policy(columns["asset_id"], columns["configuration"])
    return shown


def with_stored_secrets(matched: Matched) -> Matched:
    """The same with stored secrets in the places of masks. Where nothing is stored, masks stay."""
    return Matched(
        [_api(pair) for pair in matched.apis],
        matched.applications,
        _policies(matched.automated),
    )


def _api(pair: ApiPair) -> ApiPair:
    api = pair.api
    if api.stored and api.wanted:
        columns = _restored(api.wanted.columns, api.stored.columns)
        api = replace(api, wanted=replace(api.wanted, columns=columns))
    return replace(pair, api=api, policies=_policies(pair.policies))


def _policies(pairs: Sequence[Pair[Policy]]) -> list[Pair[Policy]]:
    return [
        replace(
            pair,
            wanted=replace(
                pair.wanted, columns=_restored(pair.wanted.columns, pair.stored.columns)
            ),
        )
        if pair.stored and pair.wanted and pair.is_sure
        else pair
        for pair in pairs
    ]


def without_any_secrets(matched: Matched) -> Matched:
    """The same with masks on both sides, so that secrets make no difference."""
    return replace(
        matched,
        apis=[
            replace(pair, api=_masked(pair.api), policies=[*map(_masked, pair.policies)])
            for pair in matched.apis
        ],
        automated=[*map(_masked, matched.automated)],
    )


def _masked(pair: Pair[Row]) -> Pair[Row]:
    stored, wanted = pair.stored, pair.wanted
    return replace(
        pair,
        stored=stored and replace(stored, columns=without_secrets(stored.columns)),
        wanted=wanted and replace(wanted, columns=without_secrets(wanted.columns)),
    )


def _restored(given: Columns, stored: Columns) -> Columns:
    known = {name: restored(given[name], stored[name]) for name in _SECRET if name in given}
    return {**given, **known}


def left_masks(pair: Pair[Policy] | Pair[Api]) -> Iterator[str]:
    """The paths of masks in the wanted thing for which nothing is stored."""
    columns = pair.wanted.columns if pair.wanted else {}
    for name in _SECRET:
        yield from masks_in(columns.get(name), f"{pair.path}.{member_of(name)}")
