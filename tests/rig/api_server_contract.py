"""What the controller relies on in an API server: the fake one and the real one do the same.

Each part is a function that gets a client, and raises AssertionError if the server does otherwise.
"""

import asyncio
from typing import Any

import pytest

from adapter.controller.core.resources import API_BINDING, CONFIG_MAP, LEASE, Key
from adapter.controller.kubernetes.client import KubernetesClient
from adapter.controller.kubernetes.failures import ApiServerError
from adapter.controller.kubernetes.lease import Lease
from adapter.runtime.clock import SystemClock

NAMESPACE = "contract"
_TARGETS = [{"group": "", "kind": "Service", "name": "orders"}]


def binding(name: str, **spec: Any) -> dict[str, Any]:
    """An ApiBinding as a client sends it."""
    return {
        "apiVersion": API_BINDING.api_version,
        "kind": API_BINDING.kind,
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {"apiId": "17", "targetRefs": _TARGETS, **spec},
    }


def _key(name: str) -> Key:
    return Key(API_BINDING, NAMESPACE, name)


async def objects_are_applied_and_listed(client: KubernetesClient, other: KubernetesClient) -> None:
    """Applying twice changes nothing; the generation counts changes of the specification."""
    first = await client.apply(_key("listed"), binding("listed"), force=False)
    second = await client.apply(_key("listed"), binding("listed"), force=False)
    assert first["metadata"]["resourceVersion"] == second["metadata"]["resourceVersion"]
    changed = await client.apply(_key("listed"), binding("listed", apiId="18"), force=False)
    assert changed["metadata"]["generation"] == first["metadata"]["generation"] + 1
    listed = await client.list(API_BINDING, NAMESPACE)
    assert [o["spec"]["apiId"] for o in listed.items if o["metadata"]["name"] == "listed"] == ["18"]
    assert listed.version.isdecimal()


async def fields_of_others_are_not_taken(client: KubernetesClient, other: KubernetesClient) -> None:
    """Without `force` a conflict is 409, and the message names the other manager."""
    await other.apply(_key("shared"), binding("shared"), force=False)
    with pytest.raises(ApiServerError, match=r'409.*conflict with "other"') as refused:
        await client.apply(_key("shared"), binding("shared", apiId="19"), force=False)
    assert refused.value.status == 409
    taken = await client.apply(_key("shared"), binding("shared", apiId="19"), force=True)
    assert taken["spec"]["apiId"] == "19"


async def the_status_is_a_part_of_its_own(
    client: KubernetesClient, other: KubernetesClient
) -> None:
    """A patch of the status changes neither specification nor generation."""
    made = await client.apply(_key("told"), binding("told"), force=False)
    condition = {
        "type": "Accepted",
        "status": "True",
        "reason": "Accepted",
        "message": "",
        "lastTransitionTime": "2026-11-28T12:00:00Z",
        "observedGeneration": 1,
    }
    change = {"spec": {"apiId": "20"}, "status": {"apiId": "17", "conditions": [condition]}}
    told = await client.patch(_key("told"), change, "/status")
    assert told["spec"]["apiId"] == "17"
    assert told["status"]["conditions"] == [condition]
    assert told["metadata"]["generation"] == made["metadata"]["generation"]
    without = await client.patch(_key("told"), {"status": {"apiId": None}}, "/status")
    assert "apiId" not in without["status"]


async def only_the_same_object_is_deleted(
    client: KubernetesClient, other: KubernetesClient
) -> None:
    """By its uid; what is gone is 404."""
    made = await client.apply(_key("gone"), binding("gone"), force=False)
    with pytest.raises(ApiServerError) as other_object:
        await client.delete(_key("gone"), "some-other-uid")
    assert other_object.value.status == 409
    await client.delete(_key("gone"), made["metadata"]["uid"])
    with pytest.raises(ApiServerError) as gone:
        await client.delete(_key("gone"), made["metadata"]["uid"])
    assert gone.value.status == 404


async def changes_are_watched_from_a_version(
    client: KubernetesClient, other: KubernetesClient
) -> None:
    """Events since the list, in order, and only of objects with the label."""
    listed = await client.list(CONFIG_MAP, NAMESPACE, "part=watched")
    key = Key(CONFIG_MAP, NAMESPACE, "watched")
    content: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "watched", "namespace": NAMESPACE, "labels": {"part": "watched"}},
        "data": {"a": "1"},
    }
    made = await client.apply(key, content, force=False)
    await client.apply(key, content | {"data": {"a": "2"}}, force=False)
    await client.delete(key, made["metadata"]["uid"])
    seen = []
    async with asyncio.timeout(20):
        async for event in client.watch(CONFIG_MAP, NAMESPACE, "part=watched", listed.version):
            if event.kind != "BOOKMARK":
                seen.append((event.kind, event.content["data"]))
            if event.kind == "DELETED":
                break
    assert seen == [("ADDED", {"a": "1"}), ("MODIFIED", {"a": "2"}), ("DELETED", {"a": "2"})]


async def one_holder_has_the_lease(client: KubernetesClient, other: KubernetesClient) -> None:
    """The second controller gets it after the first has released it."""
    key = Key(LEASE, NAMESPACE, "controller")
    first = Lease(client, key, "first", SystemClock())
    second = Lease(other, key, "second", SystemClock())
    for lease in (first, second, first):
        await lease.try_once()
    assert (first.is_held, second.is_held) == (True, False)
    await first.release()
    await second.try_once()
    assert (first.is_held, second.is_held) == (False, True)
    await second.release()


async def an_unknown_kind_is_not_found(client: KubernetesClient, other: KubernetesClient) -> None:
    """So that the controller can wait for a definition."""
    with pytest.raises(ApiServerError) as absent:
        await client.list(API_BINDING._replace(plural="absent"), None)
    assert absent.value.status == 404


CONTRACT = (
    objects_are_applied_and_listed,
    fields_of_others_are_not_taken,
    the_status_is_a_part_of_its_own,
    only_the_same_object_is_deleted,
    changes_are_watched_from_a_version,
    one_holder_has_the_lease,
    an_unknown_kind_is_not_found,
)
