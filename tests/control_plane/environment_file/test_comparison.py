"""Comparing a file with an environment: pure, so tried with many of them."""

from dataclasses import replace
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings

from control_plane.management.environment_file.content import (
    Api,
    Application,
    Content,
    Contract,
    Policy,
)
from control_plane.management.environment_file.export import Export
from control_plane.management.environment_file.mistake import MistakenFile
from control_plane.management.environment_file.steps import Options
from control_plane.management.environment_file.use_cases import Comparison, compare
from control_plane.management.policy_checks.checks import PolicyChecks
from control_plane.management.policy_checks.gateway_check import gateway_check
from control_plane.management.policy_checks.schema_check import check_by_schema
from tests.control_plane.environment_file.contents import (
    LIMITS,
    Document,
    content_of,
    documents,
)

CHECKS = PolicyChecks(check_by_schema)
MASK = {"username": "u", "password": "***", "overwrite": False}
INJECTION = {
    "assetId": "credential-injection-basic-auth",
    "configurationData": MASK | {"password": "hush"},
}


def stored(content: Content) -> Content:
    """The content as a database has it: with ids, client ids and places."""
    numbers = count(1)
    clients = {each.name: each.client_id or each.name for each in content.applications}
    names = {client_id: name for name, client_id in clients.items()}

    def policies(given: Any) -> list[Policy]:
        return [replace(each, id=next(numbers), place=place) for place, each in enumerate(given)]

    def contract(given: Contract) -> Contract:
        client_id = given.client_id or clients[given.application or ""]
        return replace(given, id=next(numbers), client_id=client_id, application=names[client_id])

    def application(given: Application) -> Application:
        return replace(given, id=next(numbers), client_id=clients[given.name], client_secret=None)

    def api(given: Api) -> Api:
        return replace(
            given,
            id=next(numbers),
            policies=policies(given.policies),
            tiers=[replace(tier, id=next(numbers)) for tier in given.tiers],
            contracts=[contract(each) for each in given.contracts],
        )

    return Content(
        [api(each) for each in content.apis],
        [application(each) for each in content.applications],
        policies(content.automated),
    )


def compared(there: Content, wanted: Document, **options: bool) -> Comparison:
    """What the document would change."""
    return compare(there, content_of(wanted), CHECKS, Options(**options))


def errors(there: Document, wanted: Document, **options: bool) -> dict[str, str]:
    """What is wrong with the wanted document where the other one is stored."""
    with pytest.raises(MistakenFile) as refused:
        compared(stored(content_of(there)), wanted, **options)
    return dict(refused.value.mistakes)


@given(documents())
@settings(max_examples=25)
def test_an_export_changes_nothing(document: Document) -> None:
    """With ids or without, with secrets or masks."""
    there = stored(content_of(document))
    assert not compared(there, document, prune=True).changes
    for with_ids in (True, False):
        for with_secrets in (True, False):
            exported = Export(with_ids=with_ids, with_secrets=with_secrets).document(there)
            assert with_secrets or "hush" not in str(exported)
            if with_secrets or with_ids or not _has_twins(there):
                assert not compared(there, exported, prune=True).changes


def _has_twins(content: Content) -> bool:
    """Whether a mask is not clear, because several policies of a list have one type."""
    lists = [content.automated, *(api.policies for api in content.apis)]
    return any(len({each.type for each in some}) < len(some) for some in lists)


@given(documents(), documents())
@settings(max_examples=15)
def test_only_pruning_deletes(before: Document, after: Document) -> None:
    """And nothing that is in the file is deleted."""
    there = stored(content_of(before))
    try:
        actions = [change.action for change in compared(there, after).changes]
        pruned = compared(there, after, prune=True).changes
    except MistakenFile:
        return
    assert "delete" not in actions
    assert all(change.path == "" for change in pruned if change.action == "delete")
    assert not [change for change in pruned if change.action == "delete" and change.path]


def one_api(**members: Any) -> Document:
    """A file with one API instance."""
    spec = {"groupId": "g", "assetId": "a", "assetVersion": "1"}
    return {"version": 1, "apis": [spec | members]}


SHOP = {"applications": [{"name": "Shop", "clientId": "c"}]}
GOLD = {"name": "Gold", "limits": LIMITS}
SELF_SERVICE = GOLD | {"autoApprove": True}
DEPRECATED = GOLD | {"status": "DEPRECATED"}
NOTHING: Document = {"version": 1}
TWO_POLICIES = one_api(policies=[INJECTION, INJECTION])


def contracts(*given: Document, tiers: Any = (GOLD,)) -> Document:
    """A file with an API instance that has these contracts."""
    return one_api(tiers=list(tiers), contracts=list(given)) | SHOP


@pytest.mark.parametrize(
    ("there", "wanted", "path", "message"),
    [
        (NOTHING, one_api(id=99), "apis.0.id", "there is no API instance 99 here; leave out"),
        (
            NOTHING,
            {"version": 1, "apis": one_api()["apis"] * 2},
            "apis.1",
            "has the asset, version and label of apis.0",
        ),
        (one_api(), one_api(id=1, assetId="b"), "apis.0.assetId", "can't change; on the platform"),
        (one_api(), one_api(technology="mule4"), "apis.0.technology", "can't change"),
        (
            one_api(instanceLabel="x"),
            one_api(assetId="b", instanceLabel="x"),
            "apis.0.instanceLabel",
            "is the label of API instance 1",
        ),
        (
            NOTHING,
            {
                "version": 1,
                "apis": [
                    *one_api(instanceLabel="x")["apis"],
                    *one_api(assetId="b", instanceLabel="x")["apis"],
                ],
            },
            "apis.1.instanceLabel",
            "is the same as in apis.0",
        ),
        (
            {"version": 1, "apis": one_api()["apis"] * 2},
            one_api(),
            "apis.0",
            "several API instances have this asset",
        ),
        (NOTHING, one_api(policies=[INJECTION | {"id": 7}]), "apis.0.policies.0.id", "no policy 7"),
        (
            one_api(policies=[INJECTION]),
            one_api(policies=[{"id": 2, "assetId": "cors", "configurationData": {}}]),
            "apis.0.policies.0.assetId",
            "can't change",
        ),
        (
            NOTHING,
            one_api(policies=[{"assetId": "rate-limiting"}]),
            "apis.0.policies.0.configurationData.rateLimits",
            "is required",
        ),
        (
            NOTHING,
            {"version": 1, "automatedPolicies": [{"assetId": "of-mine"}]},
            "automatedPolicies.0.assetId",
            "--allow-unknown",
        ),
        (
            NOTHING,
            one_api(policies=[INJECTION | {"configurationData": MASK}]),
            "apis.0.policies.0.configurationData.password",
            "none is stored here",
        ),
        (
            TWO_POLICIES,
            one_api(policies=[INJECTION | {"configurationData": MASK}]),
            "apis.0.policies.0.configurationData.password",
            "there are several policies of this type; add their ids",
        ),
        (
            NOTHING,
            one_api(endpoint={"uri": "https://***@up.example/"}),
            "apis.0.endpoint.uri",
            "none is stored here",
        ),
        (NOTHING, one_api(tiers=[GOLD, GOLD]), "apis.0.tiers.1.name", "is the same as in apis.0"),
        (
            NOTHING,
            one_api(contracts=[{"application": "Shop"}]),
            "apis.0.contracts.0.application",
            "there is no such application",
        ),
        (
            NOTHING,
            one_api(contracts=[{"clientId": "c"}]),
            "apis.0.contracts.0.clientId",
            "there is no such application",
        ),
        (
            {"version": 1, "applications": [{"name": "Shop"}, {"name": "Shop", "clientId": "d"}]},
            one_api(contracts=[{"application": "Shop"}]),
            "apis.0.contracts.0.application",
            "write clientId instead",
        ),
        (
            NOTHING,
            contracts({"application": "Shop"}, {"clientId": "c"}),
            "apis.0.contracts.1.clientId",
            "is the same application as in apis.0.contracts.0",
        ),
        (
            NOTHING,
            contracts({"application": "Shop", "tier": "Silver"}),
            "apis.0.contracts.0.tier",
            "this API instance has no such tier; it has Gold",
        ),
        (
            contracts({"application": "Shop", "tier": "Gold"}),
            contracts({"application": "Shop"}),
            "apis.0.contracts.0.tier",
            "a contract can't lose its tier; it has Gold",
        ),
        (
            contracts(tiers=[DEPRECATED]),
            contracts({"application": "Shop", "tier": "Gold"}, tiers=[DEPRECATED]),
            "apis.0.contracts.0.tier",
            "the tier is deprecated and takes no new contracts",
        ),
        (
            NOTHING,
            contracts({"application": "Shop", "status": "PENDING"}),
            "apis.0.contracts.0.status",
            "add requestedTier",
        ),
        (
            NOTHING,
            contracts({"application": "Shop", "status": "PENDING", "tier": "Gold"}),
            "apis.0.contracts.0.tier",
            "did you mean requestedTier?",
        ),
        (
            NOTHING,
            contracts({"application": "Shop", "requestedTier": "Gold"}, tiers=[SELF_SERVICE]),
            "apis.0.contracts.0.status",
            "needs no approval",
        ),
        (
            contracts({"application": "Shop"}),
            contracts({"application": "Shop", "status": "REJECTED"}),
            "apis.0.contracts.0.status",
            "a contract that is APPROVED can't become REJECTED",
        ),
        (
            contracts({"application": "Shop", "status": "PENDING", "requestedTier": "Gold"}),
            contracts({"application": "Shop", "requestedTier": "Gold"}),
            "apis.0.contracts.0.requestedTier",
            "an approval grants the tier; write tier",
        ),
        (
            NOTHING,
            {"version": 1, "applications": [{"name": "a", "clientId": "c"}] * 2},
            "applications.1.clientId",
            "is the same as in applications.0",
        ),
        (
            {"version": 1, "applications": [{"name": "a", "clientId": "c"}, {"name": "a"}]},
            {"version": 1, "applications": [{"name": "a"}]},
            "applications.0.name",
            "add the clientId",
        ),
        (
            NOTHING,
            {"version": 1, "applications": [{"name": "a", "providerId": "p", "clientSecret": "x"}]},
            "applications.0.clientSecret",
            "the identity provider of providerId knows the secret",
        ),
        (
            {"version": 1, "applications": [{"name": "a", "clientId": "c", "providerId": "p"}]},
            {"version": 1, "applications": [{"name": "a", "clientId": "c"}]},
            "applications.0.providerId",
            "can't change",
        ),
    ],
)
def test_what_can_not_be_applied_is_named(
    there: Document, wanted: Document, path: str, message: str
) -> None:
    """By its place in the file, with what to do."""
    assert message in errors(there, wanted)[path]


def test_everything_wrong_is_named_at_once() -> None:
    """One round is enough."""
    wanted = contracts({"application": "Till", "tier": "X"}, {"clientId": "d"})
    wanted["apis"][0]["policies"] = [{"assetId": "rate-limiting"}]
    assert set(errors(NOTHING, wanted)) == {
        "apis.0.policies.0.configurationData.rateLimits",
        "apis.0.contracts.0.application",
        "apis.0.contracts.0.tier",
        "apis.0.contracts.1.clientId",
    }


def test_a_pruned_tier_takes_no_contract() -> None:
    """It is there without --prune only."""
    there = contracts({"application": "Shop", "tier": "Gold"})
    wanted = contracts({"application": "Shop", "tier": "Gold"}, tiers=[])
    assert not compared(stored(content_of(there)), wanted).changes
    message = errors(there, wanted, prune=True)["apis.0.contracts.0.tier"]
    assert message == "this API instance has no such tier; it has none"


def test_one_and_true_differ() -> None:
    """In Python they are equal."""
    there, wanted = (one_api(endpoint={"isCloudHub": value}) for value in (1, True))
    (change,) = compared(stored(content_of(there)), wanted).changes
    (member,) = change.members
    assert (member.name, member.before, member.after) == ("endpoint.isCloudHub", 1, True)


def test_a_new_contract_without_its_tier_is_a_warning() -> None:
    """It has no limits of a tier, which its author may have expected."""
    asks = {"application": "Shop", "requestedTier": "Gold"}
    (warning,) = compared(stored(content_of(SHOP | NOTHING)), contracts(asks)).warnings
    assert warning.startswith("apis.0.contracts.0: the contract is approved without a tier")
    waits = contracts(asks | {"status": "PENDING"})
    assert not compared(stored(content_of(SHOP | NOTHING)), waits).warnings


def test_what_is_probably_not_meant_is_a_warning() -> None:
    """As in the answers about single policies and tiers, if the file changes them."""
    gateway = gateway_check()
    assert gateway is not None
    by_header = {"clientIdExpression": "#[attributes.headers['x']]"}
    policy = {"assetId": "client-id-enforcement", "configurationData": by_header}
    wanted = one_api(policies=[policy], tiers=[GOLD | {"limits": []}])
    about_policy, about_tier = compare(
        Content(), content_of(wanted), PolicyChecks(gateway), Options()
    ).warnings
    assert "apis.0.policies.0: clientSecretExpression is empty" in about_policy
    assert about_tier.startswith("apis.0.tiers.0: the tier 'Gold' has no limits")
    assert not compared(stored(content_of(wanted)), wanted).warnings


def test_what_goes_with_an_api_instance_is_listed() -> None:
    """Nobody loses contracts without seeing it before."""
    there = contracts({"application": "Shop", "tier": "Gold"})
    found = compared(stored(content_of(there)), NOTHING, prune=True).changes
    assert [change.thing for change in found] == [
        "API instance 1 (a 1) and what belongs to it (tiers: 1, contracts: 1)"
    ]


def test_a_check_tells_nobody_whether_a_guess_at_a_secret_is_right() -> None:
    """Who may not read secrets gets the same answer for every guess."""
    checks = PolicyChecks(lambda *_: {"faults": [], "warnings": ["odd"]})
    refusing = PolicyChecks(
        lambda *_: {"faults": [{"field": "x", "message": "odd"}], "warnings": []}
    )
    there = stored(content_of(one_api(policies=[INJECTION])))
    guess = INJECTION | {"configurationData": MASK | {"password": "guess"}}
    for policy in (INJECTION, guess):
        wanted = content_of(one_api(policies=[policy]))
        for each in (checks, refusing):
            assert not compare(there, wanted, each, Options(compares_secrets=False)).warnings
    assert compare(there, wanted, checks, Options()).warnings == ["apis.0.policies.0: odd"]


def test_changed_routes_are_shown_in_the_words_of_files() -> None:
    """Without members that are left out."""
    upstream = {"uri": "http://u:hush@a.test", "tlsContext": {"name": "x"}}
    there = stored(content_of(one_api(routing=[{"upstreams": [upstream]}])))
    changed = upstream | {"tlsContext": {"name": "y"}}
    wanted = one_api(routing=[{"upstreams": [changed]}, {"label": "more"}])
    ((member,),) = (change.members for change in compared(there, wanted).changes)
    shown = {"uri": "http://***@a.test", "weight": 100, "tlsContext": {"name": "y"}}
    assert member.after == [{"upstreams": [shown]}, {"label": "more", "upstreams": []}]
