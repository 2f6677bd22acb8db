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
    found: dict[int, Any] = {}
    holders = gc.get_objects()
    for holder in holders:
        for held in (holder, *gc.get_referents(holder)):
            if isinstance(held, _KINDS) and held is not holders and len(held) >= at_least:
                found[id(held)] = (held, holder)
            elif isinstance(held, _lru_cache_wrapper) and held.cache_info().currsize >= at_least:
                found[id(held)] = (held, holder)
    return {
        key: f"{type(held).__name__} such as {_first(held)} in {type(holder).__name__}"
        for key, (held, holder) in found.items()
    }


def _first(held: Any) -> str:
    return "a cache" if callable(held) else repr(next(iter(held), None))[:200]
