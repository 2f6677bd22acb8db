"""What becomes of each object of Anypoint Service Mesh."""

from typing import Any

import pytest

from adapter.anypoint_service_mesh import convert, report
from adapter.settings.yaml_text import read_yaml_texts
from tests.rig.api_bindings import binding_faults
from tests.unit.anypoint_service_mesh.dumps import (
    SECRET,
    adapter,
    api,
    by_api,
    by_id,
    catalog_object,
    converted,
)

NOT_READY = {"type": "Ready", "status": "False", "reason": "ErrorBinding"}


def test_a_binding_to_an_id_is_exact() -> None:
    """The API server accepts the ApiBinding: the id is text there, also one with a leading 0."""
    _, item = converted(adapter(), by_id(apiId="0017"))
    assert (item.status, item.notes) == ("exact", ())
    assert item.binding is not None
    assert item.binding["metadata"] == {"name": "orders", "namespace": "shop"}
    assert item.binding["spec"] == {
        "apiId": "0017",
        "targetRefs": [{"group": "", "kind": "Service", "name": "orders"}],
    }
    assert binding_faults(item.binding) == []


def test_a_binding_to_an_api_names_its_asset() -> None:
    """The API is not made again by itself: it would have no policies."""
    labelled = api(instanceLabel="public", tags={"apiInstance": ["orders"]})
    instance, _, item = converted(labelled, adapter(), by_api())
    assert instance.notes[:2] == (
        "the controller must log in to its environment, e-1",
        "its tags are not converted; the platform keeps those that it has",
    )
    assert (instance.status, item.status) == ("approximated", "approximated")
    assert item.binding is not None
    named = {"assetId": "orders", "version": "1.0", "instanceLabel": "public"}
    assert item.binding["spec"]["api"] == named
    assert "create: true" in item.notes[0]
    assert binding_faults(item.binding) == []


def test_an_adapter_becomes_advice() -> None:
    """Its size, and which Secret to make."""
    (item,) = converted(adapter())
    assert (item.status, item.binding) == ("approximated", None)
    notes = " ".join(item.notes)
    assert "3 replicas" in notes
    assert "0.5 CPU" in notes
    assert "kubectl create secret generic policy-adapter" in notes


def test_credentials_in_a_secret_are_named() -> None:
    """By the Secret's name and key."""
    reference = {"secretKeyRef": {"name": "mesh-secret", "key": "parameters"}}
    (item,) = converted(adapter(parameters=None, parametersFrom=[reference]))
    assert any("Secret mesh-secret, key parameters" in note for note in item.notes)


def test_no_credential_is_shown() -> None:
    """Neither in notes nor in what a debugger shows of an item."""
    odd = adapter(parameters={"clientSecret": SECRET, "password": SECRET})
    items = converted(odd, api(groupId=SECRET * 30), by_api(), by_id("other", clientSecret=SECRET))
    assert SECRET not in repr(items)
    assert "spec.parameters.password: is not converted" in items[0].notes


@pytest.mark.parametrize(
    ("binding", "note"),
    [
        (by_id(instance="gone"), "its adapter, the ServiceInstance gone, is not in the dump"),
        (by_id(color="blue"), "spec.parameters.color: is not converted"),
        (
            by_id() | {"status": {"conditions": [NOT_READY]}},
            "was not ready (ErrorBinding), so the Service was not checked; now it is",
        ),
    ],
    ids=["no adapter", "unknown parameter", "not ready"],
)
def test_what_differs_is_said(binding: dict[str, Any], note: str) -> None:
    """The binding is converted, and a person decides."""
    _, item = converted(adapter(), binding)
    assert item.status == "approximated"
    assert item.binding is not None
    assert item.notes[0].startswith(note)


@pytest.mark.parametrize(
    ("binding", "fault"),
    [
        (by_id(apiId=None), "spec.parameters.apiId: is missing"),
        (by_id(apiId="1 7"), "spec.parameters.apiId: must be an id"),
        (by_id(apiId="1" * 64), "spec.parameters.apiId: must be an id"),
        (by_id(service=None), "spec.parameters.service: is missing"),
        (by_id(service="s" * 64), "spec.parameters.service: must be the name of a Service"),
        (by_id(service="orders.shop"), "spec.parameters.service: must be the name of a Service"),
        (by_id(name="n" * 254), "metadata.name: must have at most 253 characters"),
        (by_id(name="Orders"), "metadata.name: has characters that are not allowed there"),
        (by_api(instance="gone"), "its API, the ServiceInstance gone, is not in the dump"),
        (by_api(instance="mesh-adapter"), "its API, the ServiceInstance mesh-adapter, is not in"),
        (
            catalog_object("ServiceBinding", "orders", "database"),
            "is not of Anypoint Service Mesh: its label service-mesh.mulesoft.com/kind",
        ),
        ({"kind": "Pod", "apiVersion": "v1"}, "is not a ServiceInstance or ServiceBinding"),
        (
            by_id() | {"apiVersion": "servicebinding.io/v1"},
            "is not a ServiceInstance or ServiceBinding of servicecatalog.k8s.io",
        ),
        (by_id() | {"metadata": {"name": "orders"}}, "metadata.namespace: is missing"),
        (by_id() | {"spec": "none"}, "spec: must be a group of named values"),
        ("text", "is not a Kubernetes object"),
    ],
)
def test_a_mistake_is_refused(binding: Any, fault: str) -> None:
    """With what is wrong, and without an ApiBinding."""
    _, item = converted(adapter(), binding)
    assert (item.status, item.binding) == ("refused", None)
    assert item.notes[0].startswith(fault)


def test_two_bindings_of_one_service_are_refused() -> None:
    """Nobody but a person knows which API is meant. Another namespace has its own Services."""
    elsewhere = by_id()
    elsewhere["metadata"] = {**elsewhere["metadata"], "namespace": "other"}
    _, one, two, third = converted(adapter(), by_id("one"), by_id("two", apiId=18), elsewhere)
    assert one.notes == ("the Service orders is bound by two, too; keep one of them",)
    assert two.notes == ("the Service orders is bound by one, too; keep one of them",)
    assert third.status == "approximated"


def test_an_object_that_goes_away_is_refused() -> None:
    """It does not count for others, either."""
    leaving = by_id("old")
    leaving["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    _, old, new = converted(adapter(), leaving, by_id("new"))
    assert old.notes == ("is being deleted; leave it out of the dump",)
    assert new.status == "exact"


def test_an_object_that_is_twice_in_the_dump_is_refused() -> None:
    """Both of them."""
    items = converted(by_id(), by_id())
    assert {item.notes for item in items} == {
        ("is more than once in the dump; keep the right one",)
    }


@pytest.mark.parametrize("parameters", [{"assetId": None}, {"version": ""}, {"groupId": "g" * 256}])
def test_an_api_that_cannot_be_named_is_refused(parameters: dict[str, Any]) -> None:
    """Its binding, too."""
    instance, binding = converted(api(**parameters), by_api())
    (name,) = parameters
    assert instance.notes[0].startswith(f"spec.parameters.{name}: ")
    assert binding.notes == ("its API, the ServiceInstance orders-api, is refused; see there",)


def test_an_api_without_a_binding_is_refused() -> None:
    """Nothing comes of it, so somebody should look."""
    (item,) = converted(api())
    assert item.status == "refused"
    assert item.notes[0].startswith("no ServiceBinding names it")


def test_lists_and_streams_are_read_in_order() -> None:
    """As kubectl prints them, and as people join them."""
    listed = {"apiVersion": "v1", "kind": "List", "items": [adapter(), by_id()]}
    items = converted(listed, None, [by_id("users", service="users")])
    assert [item.source.rpartition("/")[2] for item in items] == ["mesh-adapter", "orders", "users"]


def test_a_list_that_contains_itself_ends() -> None:
    """YAML's aliases can say that."""
    (item,) = convert(read_yaml_texts("&a {items: [*a]}"))
    assert item.status == "refused"


def test_a_report_has_no_control_characters_of_the_dump() -> None:
    """A terminal would obey them, and a new line could look like another object."""
    binding = by_id(**{"evil\x1b[2J\nexact": "1"})
    assert "spec.parameters.evil?[2J?exact: is not converted" in report(converted(binding))
