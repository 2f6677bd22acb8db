"""From the platform's documents to the catalog: what is bad is closed by itself and named."""

import hashlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.platform_client.protocol.lenient_json import Unreadable
from adapter.platform_client.protocol.masked_secrets import is_mask
from adapter.platform_client.protocol.translate import (
    UNKNOWN_HASH,
    contract_changes,
    instances_from,
    tiers_from,
)
from adapter.policy.catalog import ApiContent, ApiInstance, RateLimit
from adapter.policy.contracts.contract import Contract
from adapter.policy.policies.shared.limits import MAX_LIMITS
from adapter.policy.rule_pool import RulePool
from adapter.policy.snapshot import build_api
from tests.unit.platform_client.json_strategies import near

UNREADABLE_IDS: list[Any] = [None, True, "", [], {}, 1.5, "\ud83d", 10**400]
CONTRACT = {"contractId": 12, "clientId": "app", "clientName": "The app"}


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


@pytest.mark.parametrize(
    "limits",
    [
        None,
        [{"maximumRequests": -1, "timePeriodInMilliseconds": 1}],
        [{"maximumRequests": 1, "timePeriodInMilliseconds": 0}],
        [{"maximumRequests": 1}],
        [{"maximumRequests": True, "timePeriodInMilliseconds": 1}],
        [{"maximumRequests": 1, "timePeriodInMilliseconds": True}],
        [{"maximumRequests": 1, "timePeriodInMilliseconds": 10**400}],
        [{"maximumRequests": 10**400, "timePeriodInMilliseconds": 1}],
        [{"maximumRequests": 1, "timePeriodInMilliseconds": 1}] * 100_000,
    ],
)
def test_a_tier_without_usable_limits_is_left_out_and_named(limits: Any) -> None:
    """A tier that promises nothing sensible must not become one that promises everything."""
    faults: list[str] = []
    good = {"id": 1, "limits": [{"maximumRequests": 1, "timePeriodInMilliseconds": 1}]}
    tiers = tiers_from([good, {"id": 2, "name": "odd", "limits": limits}], faults.append)
    assert tiers.keys() == {"1"}
    assert "SLA tier 2" in faults[0]


def test_a_tier_may_have_no_limits() -> None:
    """The contracts that have it are not closed; policies that apply limits refuse them."""
    assert tiers_from([{"id": 1, "limits": []}], pytest.fail)["1"].limits == ()


def test_the_limits_of_a_tier_may_be_text() -> None:
    """JSON clients write numbers as text."""
    limits = [{"maximumRequests": "5", "timePeriodInMilliseconds": "1000"}]
    tiers = tiers_from([{"id": "1", "limits": limits}], pytest.fail)
    assert tiers["1"].limits == (RateLimit(5, 1_000),)


def test_a_contract_on_a_tier_beyond_the_bounds_is_closed_by_name() -> None:
    """The others of the API go on, and the process does not hang."""
    limits = [{"maximumRequests": 1, "timePeriodInMilliseconds": 1}]
    rows = [{"id": 1, "limits": limits * 17}, {"id": 2, "limits": limits * 16}]
    changes = contract_changes(
        [
            CONTRACT | {"slaTierId": 1},
            CONTRACT | {"contractId": 13, "clientId": "b", "slaTierId": 2},
        ],
        {},
        "auto",
        pytest.fail,
    )
    contracts = {change.contract_id: change.contract for change in changes if change.contract}
    tiers = tiers_from(rows, lambda _: None)
    built = build_api(ApiContent(ApiInstance("7", "orders"), (), tiers, contracts), RulePool())
    faults = {contract.contract_id: contract.fault for contract in built.contracts}
    assert faults == {"12": "its SLA tier 1 is unknown", "13": None}


def test_instances_are_named_after_their_asset() -> None:
    """Analytics and operators see the name that the admin gave, else the best there is."""
    faults: list[str] = []
    assets = [
        {"name": "orders", "apis": [{"id": 1, "assetVersion": "1.2.0"}, {"id": None}, 5]},
        {"name": None, "apis": [{"id": "2", "autodiscoveryInstanceName": "auto"}]},
        "no asset",
        {"apis": [{"id": 3, "productVersion": "v1"}]},
    ]
    found = instances_from(assets, faults.append)
    assert [(i.api_id, i.name, i.version) for i in found.values()] == [
        ("1", "orders", "1.2.0"),
        ("2", "auto", ""),
        ("3", "3", "v1"),
    ]
    assert len(faults) == 3


def test_instances_may_be_listed_without_their_assets() -> None:
    """Another form of the list, which public clients read, too."""
    found = instances_from([{"id": 1, "assetId": "orders"}, {"apiId": "2"}, {}], lambda _: None)
    assert [(i.api_id, i.name) for i in found.values()] == [("1", "orders"), ("2", "2")]


def test_the_name_of_an_instance_can_be_shown_whatever_it_is() -> None:
    """Names get into headers, logs and pages, which carry characters and not too many of them."""
    rows = [{"id": 1, "assetId": "Shop \ud83d"}, {"id": 2, "assetId": "a" * 10_000}]
    first, second = instances_from(rows, pytest.fail).values()
    assert (first.name, second.name) == ("Shop \ufffd", "a" * 256)


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


def test_a_contract_carries_the_secret_before_in_an_overlap() -> None:
    """It has the salt of the secret itself. One that can't be read closes the contract."""
    new, old = (hashlib.sha256(text).hexdigest() for text in (b"newsalt", b"oldsalt"))
    secrets = {"clientSecret": new, "clientSecretSalt": "salt"}
    contract = read(CONTRACT | secrets | {"previousClientSecret": old})
    assert contract is not None
    assert contract.is_proven_by("new")
    assert contract.is_proven_by("old")
    assert not contract.is_proven_by("other")
    damaged = read(CONTRACT | secrets | {"previousClientSecret": "no hash"})
    assert damaged is not None
    assert damaged.fault == UNKNOWN_HASH


def test_a_tombstone_needs_nothing_but_its_id() -> None:
    """A revocation counts however broken the rest of its row is."""
    assert read({"contractId": "x", "removed": True, "clientId": 5, "slaTierId": []}) is None


@pytest.mark.parametrize("spelling", [True, "true", "True", "TRUE ", 1, "1", 1.0, "yes"])
def test_a_contract_is_removed_in_any_spelling(spelling: Any) -> None:
    """A wrong non-removal lets a revoked client in."""
    assert read(CONTRACT | {"removed": spelling}) is None


@pytest.mark.parametrize("spelling", [False, "false", "False", 0, "0", "", None, "no", "null"])
def test_a_contract_that_is_not_removed_stays(spelling: Any) -> None:
    """A wrong removal shuts a client out."""
    contract = read(CONTRACT | {"removed": spelling})
    assert contract is not None
    assert contract.fault is None


@pytest.mark.parametrize("spelling", ["maybe", "2026-01-01", 2, {}, [], [False], Unreadable("odd")])
def test_a_removal_in_doubt_closes_the_contract_by_name(spelling: Any) -> None:
    """It grants nothing, as if it were revoked, and the operator sees why."""
    contract = read(CONTRACT | {"removed": spelling})
    assert contract is not None
    assert "neither true nor false" in (contract.fault or "")


@pytest.mark.parametrize(
    ("changed", "client_id", "tier_id"),
    [
        ({"contractId": "12", "clientId": 5}, "5", None),
        ({"contractId": 12.0, "slaTierId": "4"}, "app", "4"),
        ({"slaTierId": ""}, "app", None),
        ({"clientName": None}, "app", None),
        ({"clientName": 7}, "app", None),
        ({"clientName": {"first": "x"}}, "app", None),
        ({"clientName": "Shop \ud83d"}, "app", None),
        ({"clientSecret": "", "clientSecretSalt": None}, "app", None),
    ],
)
def test_a_contract_is_read_in_any_form(changed: Any, client_id: str, tier_id: str | None) -> None:
    """Numbers as text, text as numbers, and names of any kind close nothing."""
    contract = read(CONTRACT | changed)
    assert contract is not None
    assert (contract.contract_id, contract.client_id) == ("12", client_id)
    assert (contract.tier_id, contract.fault) == (tier_id, None)


@pytest.mark.parametrize(
    "changed",
    [
        {"clientId": "app\ud83d"},
        {"clientId": "a" * 257},
        {"clientSecret": "a" * 257},
        {"clientSecret": "\ud83d"},
        {"clientSecretSalt": "a" * 10_000},
        {"slaTierId": "\ud83d"},
        {"slaTierId": 10**400},
    ],
)
def test_a_contract_with_an_unusable_member_is_closed(changed: Any) -> None:
    """Under the client id that it had; what a client could send must not match it by chance."""
    known = {"12": Contract("12", "app", "The app")}
    contract = read(CONTRACT | changed, known)
    assert contract is not None
    assert (contract.client_id, bool(contract.fault)) == ("app", True)


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
    "row",
    [
        *(5, {}, {"clientId": 1}, Unreadable("odd")),
        *({"contractId": value} for value in UNREADABLE_IDS),
    ],
)
def test_a_row_that_is_no_contract_is_left_out_and_named(row: Any) -> None:
    """It grants nothing, and the other rows of its page count."""
    faults: list[str] = []
    changes = contract_changes([row, CONTRACT], {}, "auto", faults.append)
    assert [change.contract_id for change in changes] == ["12"]
    assert faults


FEED_ROW = CONTRACT | {"removed": None, "clientSecret": "", "clientSecretSalt": "", "slaTierId": 1}
NEIGHBOUR = {"contractId": "neighbour", "clientId": "other"}


@given(st.lists(near(FEED_ROW), max_size=3))
def test_no_contract_document_breaks_the_translation(rows: list[Any]) -> None:
    """Whatever the platform sends, a row is a change or a complaint that a log can carry."""
    faults: list[str] = []
    changes = contract_changes(rows, {}, "auto", faults.append)
    assert len(changes) + len(faults) == len(rows)
    "".join(faults).encode()
    for contract in (change.contract for change in changes if change.contract):
        f"{contract.client_id}{contract.client_name}{contract.fault}{contract.tier_id}".encode()


@given(near(FEED_ROW))
def test_no_row_of_the_feed_changes_what_another_says(row: Any) -> None:
    """Half a surrogate pair in one must not keep the revocation in the next from arriving."""
    rows = [NEIGHBOUR, row, {"contractId": "gone", "removed": True}]
    changes = contract_changes(rows, {}, "auto", lambda _: None)
    (alone,) = contract_changes([NEIGHBOUR], {}, "auto", pytest.fail)
    assert changes[0] == alone
    assert changes[-1] == ("gone", None)


@given(near({"id": 1, "name": "x", "limits": [{"maximumRequests": 1}]}))
def test_no_tier_document_breaks_the_translation(row: Any) -> None:
    """A tier in force has at most so many limits, and the next one is read."""
    limits = [{"maximumRequests": 1, "timePeriodInMilliseconds": 1}]
    faults: list[str] = []
    tiers = tiers_from([row, {"id": "next", "limits": limits}], faults.append)
    assert "next" in tiers
    assert all(len(tier.limits) <= MAX_LIMITS for tier in tiers.values())
    "".join(faults).encode()


@given(near({"id": 1, "apiId": 1, "name": "x", "apis": [{"id": 3}], "assetVersion": "1"}))
def test_no_asset_breaks_the_translation(row: Any) -> None:
    """Whatever the platform sends, the next asset is read, and every name can be shown."""
    faults: list[str] = []
    found = instances_from([row, {"apis": [row, {"id": "next"}]}], faults.append)
    assert "next" in found
    for instance in found.values():
        f"{instance.api_id}{instance.name}{instance.version}".encode()
    "".join(faults).encode()


def test_a_contract_that_did_not_change_is_shared() -> None:
    """Reading the whole feed again takes no memory for what is known."""
    first = read(CONTRACT)
    assert first is not None
    known = {first.contract_id: first}
    assert read(CONTRACT, known) is first
    assert read(CONTRACT | {"clientName": "Renamed"}, known) not in (None, first)
