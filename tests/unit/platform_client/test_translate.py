"""From the platform's documents to the catalog: what is bad is closed by itself and named."""

import hashlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.platform_client.masking import is_mask, masked_places
from adapter.platform_client.translate import (
    automated_policies_from,
    contract_changes,
    instances_from,
    policies_from,
    tiers_from,
)
from adapter.policy.catalog import Contract, Pointcut

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
POLICY = {"id": 5, "assetId": "rate-limiting", "configurationData": {"a": 1}, "order": 3}
CONTRACT = {"contractId": 12, "clientId": "app", "clientName": "The app"}


def near(document: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Documents with fields missing or replaced by anything."""
    fields: dict[str, st.SearchStrategy[Any]] = {
        name: st.just(value) | JSON for name, value in document.items()
    }
    return st.fixed_dictionaries({}, optional=fields) | JSON


def test_a_policy_is_taken_over_whole() -> None:
    """Type, order, configuration and pointcuts are what the admin said."""
    pointcut = {"methodRegex": "GET", "uriTemplateRegex": "/v1.*"}
    (policy,) = policies_from([POLICY | {"pointcutData": [pointcut]}])
    assert (policy.policy_id, policy.policy_type, policy.order) == ("5", "rate-limiting", 3)
    assert policy.configuration == {"a": 1}
    assert policy.pointcuts == (Pointcut("GET", "/v1.*"),)
    assert policy.fault is None


@pytest.mark.parametrize("row", [POLICY | {"disabled": True}, {"disabled": True, "id": None}])
def test_a_disabled_policy_is_left_out(row: Any) -> None:
    """What is disabled neither applies nor closes anything, be it readable or not."""
    assert policies_from([row]) == ()


@pytest.mark.parametrize(
    ("row", "named"),
    [
        ("text", "the document"),
        (POLICY | {"id": None}, "id"),
        (POLICY | {"assetId": ""}, "assetId"),
        (POLICY | {"configurationData": []}, "configurationData"),
        (POLICY | {"order": "first"}, "order"),
        (POLICY | {"pointcutData": "x"}, "pointcutData"),
        (POLICY | {"pointcutData": [{"methodRegex": "GET"}]}, "pointcutData.0.uriTemplateRegex"),
    ],
)
def test_an_unreadable_policy_is_kept_with_its_fault(row: Any, named: str) -> None:
    """It must close its API, not vanish from it; the fault names the field."""
    (policy,) = policies_from([row])
    assert policy.fault is not None
    assert named in policy.fault


def test_a_fault_never_shows_a_value() -> None:
    """A secret in the wrong place does not get into faults, which operators and logs show."""
    (policy,) = policies_from([POLICY | {"configurationData": ["hunter2"], "order": "hunter2"}])
    assert "hunter2" not in repr(policy)


def test_automated_policies_of_other_environments_are_left_out() -> None:
    """A filter that the platform ignored does not apply foreign policies."""
    rows = [
        POLICY | {"id": 1, "ruleOfApplication": {"environmentId": "env"}},
        POLICY | {"id": 2, "ruleOfApplication": {"environmentId": "other"}},
        POLICY | {"id": 3, "order": None},
    ]
    found = automated_policies_from(rows, "env")
    assert [(p.policy_id, p.automated, p.order) for p in found] == [("1", True, 3), ("3", True, 50)]


@pytest.mark.parametrize("text", ["***", "********", "••••••", " ***** ", "<masked>", "[REDACTED]"])
def test_a_mask_is_recognised(text: str) -> None:
    """Runs of mask characters and the usual mask texts are no secrets."""
    assert is_mask(text)


@pytest.mark.parametrize(
    "text", ["*", "**", ".*", "*.example", "a***", "masked", "hidden", "", "x"]
)
def test_a_value_is_no_mask(text: str) -> None:
    """Wildcards, patterns and ordinary words stay usable."""
    assert not is_mask(text)


def test_a_masked_value_names_its_place_and_the_fix() -> None:
    """The operator reads which field it is and what to do."""
    configuration = {"auth": [{"password": "*****", "user": "u"}], "textKey": "••••"}
    assert masked_places(configuration) == ("auth[0].password", "textKey")
    (policy,) = policies_from([POLICY | {"configurationData": configuration}])
    assert "auth[0].password, textKey" in (policy.fault or "")
    assert "enter it again" in (policy.fault or "")


@pytest.mark.parametrize(
    "limits",
    [
        None,
        [],
        [{"maximumRequests": -1, "timePeriodInMilliseconds": 1}],
        [{"maximumRequests": 1, "timePeriodInMilliseconds": 0}],
        [{"maximumRequests": 1}],
    ],
)
def test_a_tier_without_usable_limits_is_left_out_and_named(limits: Any) -> None:
    """A tier that promises nothing sensible must not become one that promises everything."""
    complaints: list[str] = []
    good = {"id": 1, "limits": [{"maximumRequests": 1, "timePeriodInMilliseconds": 1}]}
    tiers = tiers_from([good, {"id": 2, "name": "odd", "limits": limits}], complaints.append)
    assert tiers.keys() == {"1"}
    assert "SLA tier 2" in complaints[0]


def test_instances_are_named_after_their_asset() -> None:
    """Analytics and operators see the name that the admin gave, else the best there is."""
    complaints: list[str] = []
    assets = [
        {"name": "orders", "apis": [{"id": 1, "assetVersion": "1.2.0"}, {"id": None}, 5]},
        {"name": None, "apis": [{"id": "2", "autodiscoveryInstanceName": "auto"}]},
        "no asset",
        {"apis": [{"id": 3, "productVersion": "v1"}]},
    ]
    found = instances_from(assets, complaints.append)
    assert [(i.api_id, i.name, i.version) for i in found.values()] == [
        ("1", "orders", "1.2.0"),
        ("2", "auto", ""),
        ("3", "3", "v1"),
    ]
    assert len(complaints) == 3


def read(row: Any, known: dict[str, Contract] | None = None) -> Contract | None:
    """One row of the feed."""
    ((_, contract),) = contract_changes([row], known or {}, "auto", lambda _: None)
    return contract


def test_a_contract_carries_its_application_and_secret() -> None:
    """Client id, name, tier and the salted hash arrive."""
    digest = hashlib.sha256(b"secretsalt").hexdigest()
    secret = {"clientSecret": digest, "clientSecretSalt": "salt", "slaTierId": 4}
    contract = read(CONTRACT | secret)
    assert contract is not None
    assert (contract.contract_id, contract.tier_id, contract.fault) == ("12", "4", None)
    assert contract.client_name == "The app"
    assert contract.secret is not None
    assert contract.secret.matches("secret")
    assert digest not in repr(contract)


def test_a_tombstone_needs_nothing_but_its_id() -> None:
    """A revocation counts however broken the rest of its row is."""
    assert read({"contractId": "x", "removed": True, "clientId": 5, "slaTierId": []}) is None


def test_an_unreadable_contract_is_closed_under_its_client_id() -> None:
    """Its requests are denied with the reason; the client id is the row's, or the one known."""
    broken = CONTRACT | {"slaTierId": [1]}
    contract = read(broken)
    assert contract is not None
    assert contract.client_id == "app"
    assert "slaTierId" in (contract.fault or "")
    known = {"12": Contract("12", "app", "The app")}
    contract = read(CONTRACT | {"clientId": None}, known)
    assert contract is not None
    assert contract.client_id == "app"
    assert contract.fault is not None


@pytest.mark.parametrize(
    "row", [5, {}, {"contractId": None}, {"contractId": True}, {"clientId": 1}]
)
def test_a_row_that_is_no_contract_is_left_out_and_named(row: Any) -> None:
    """It grants nothing, and the other rows of its page count."""
    complaints: list[str] = []
    changes = contract_changes([row, CONTRACT], {}, "auto", complaints.append)
    assert [change.contract_id for change in changes] == ["12"]
    assert complaints


@given(st.lists(near(POLICY | {"disabled": False, "pointcutData": []}), max_size=3))
def test_no_policy_document_breaks_the_translation(rows: list[Any]) -> None:
    """Whatever the platform sends, every policy that is not disabled is there or has a fault."""
    kept = [row for row in rows if not (isinstance(row, dict) and row.get("disabled"))]
    assert len(policies_from(rows)) >= len(kept)


@given(st.lists(near(CONTRACT | {"removed": None, "clientSecret": "", "slaTierId": 1}), max_size=3))
def test_no_contract_document_breaks_the_translation(rows: list[Any]) -> None:
    """Whatever the platform sends, a row is a change or a complaint."""
    complaints: list[str] = []
    changes = contract_changes(rows, {}, "auto", complaints.append)
    assert len(changes) + len(complaints) == len(rows)


@given(st.lists(near({"id": 1, "name": "x", "limits": []}), max_size=3))
def test_no_tier_document_breaks_the_translation(rows: list[Any]) -> None:
    """Whatever the platform sends, a tier in force has limits."""
    assert all(tier.limits for tier in tiers_from(rows, lambda _: None).values())


def test_a_contract_that_did_not_change_is_shared() -> None:
    """Reading the whole feed again takes no memory for what is known."""
    first = read(CONTRACT)
    assert first is not None
    known = {first.contract_id: first}
    assert read(CONTRACT, known) is first
    assert read(CONTRACT | {"clientName": "Renamed"}, known) not in (None, first)
