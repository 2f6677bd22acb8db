"""Finds what has grown in this process, wherever it is."""

import gc
from collections import deque
from functools import _lru_cache_wrapper
from typing import Any

_KINDS = (dict, list, set, frozenset, deque)


def large_containers(at_least: int) -> dict[int, str]:
    """All containers with that many members: what they are and who holds them, by their id.

    The garbage collector does not follow a dict of texts and numbers, so those that it follows are
    asked what they hold.
    """
    gc.collect()
    found: dict[int, str] = {}
    holders = gc.get_objects()
    for holder in holders:
        for held in (holder, *gc.get_referents(holder)):
            if held is not holders and _size(held) >= at_least:
                found[id(held)] = (
                    f"{type(held).__name__} in {type(holder).__name__}: {_first(held)}"
                )
    return found


def _size(held: Any) -> int:
    if isinstance(held, _KINDS):
        return len(held)
    return held.cache_info().currsize if isinstance(held, _lru_cache_wrapper) else 0


def _first(held: Any) -> str:
    return repr(next(iter(held)))[:200] if isinstance(held, _KINDS) else repr(held)
