"""A decision whose objects are applied when a newer one is known already.

The objects wait for the adapters, so somebody may have bound something meanwhile that the older
decision takes away: an ApiBinding that was deleted and made again. Between the two, nothing may be
open.
"""

from dataclasses import replace

from adapter.controller.core.checked_ports import with_ports_of
from adapter.controller.core.decision import Decision


def without_opening(older: Decision, newer: Decision) -> Decision:
    """The older decision, as far as it leaves what the newer one protects."""
    objects = {
        key: with_ports_of(newer.objects[key], content) if key in newer.objects else content
        for key, content in older.objects.items()
    }
    needed = {key.namespace for key in newer.objects}
    kept = older.kept_namespaces | newer.kept_namespaces | needed
    return replace(older, objects=objects, kept_namespaces=kept)
