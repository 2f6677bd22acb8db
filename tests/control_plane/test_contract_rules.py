"""The rules of contracts and tiers, tried on the use cases with a database and without HTTP."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from control_plane.accounts.first_start import set_up
from control_plane.errors import Conflict
from control_plane.management import (
    apis,
    applications,
    audit_log,
    contract_warnings,
    contracts,
    tiers,
)
from control_plane.management.apis import AssetName
from control_plane.management.audit_log import AuditFilter
from control_plane.management.contract_states import Event
from control_plane.management.contracts import AccessRequest, ContractChange
from control_plane.management.feed_epochs import FeedEpochs
from control_plane.management.transaction import Actor, Transaction
from control_plane.settings import SecretForm
from control_plane.store.database import Database
from control_plane.store.schema import CONFIGURATION
from control_plane.store.tables import ApiInstance, Contract, Environment, SlaTier
from tests.rig.clock import DatetimeClock
from tests.rig.hashing import quick_hasher

LIMIT = {"maximumRequests": 5, "timePeriodInMilliseconds": 1000, "visible": True}
APPROVE, REVOKE = ContractChange("APPROVED"), ContractChange("REVOKED")
REJECT = ContractChange("REJECTED")
TURN_DOWN = ContractChange(event=Event.TURN_DOWN)


class Rules:
    """One API instance in a transaction that is not kept, with the use cases as short methods."""

    def __init__(self, transaction: Transaction, environment_id: str) -> None:
        self.transaction = transaction
        self._numbers = itertools.count(1)
        columns = {"asset_version": "1.0.0", "tags": [], "technology": "flexGateway"}
        asset = AssetName("org.example", "orders")
        self.api: ApiInstance = apis.create(transaction, environment_id, asset, columns)

    def tier(self, *, auto: bool = False, status: str = "ACTIVE", limits: int = 1) -> SlaTier:
        """A new tier."""
        columns = {
            "name": f"tier {next(self._numbers)}",
            "description": None,
            "status": status,
            "auto_approve": auto,
            "limits": [LIMIT] * limits,
        }
        return tiers.create(self.transaction, self.api, columns)

    def application(self) -> int:
        """The id of a new application."""
        columns = {"name": "phone", "redirect_uris": []}
        form = SecretForm.HEX_SALT_LAST
        return applications.register(self.transaction, columns, form).application.id

    def ask(self, tier: SlaTier | None = None, application_id: int | None = None) -> Contract:
        """The contract that an application asks for."""
        tier_id = None if tier is None else tier.id
        asked = AccessRequest(application_id or self.application(), tier_id, "because")
        return contracts.request_access(self.transaction, self.api, asked)

    def approved(self, tier: SlaTier | None = None) -> Contract:
        """A contract that has the tier, although the tier needs approval."""
        contract = self.ask(tier)
        return self.decide(contract, APPROVE) if contract.status == "PENDING" else contract

    def decide(self, contract: Contract, wanted: ContractChange) -> Contract:
        """The contract after an admin's decision."""
        return contracts.change(self.transaction, contract, wanted)

    def request_tier(self, contract: Contract, tier: SlaTier) -> Contract:
        """The contract, which now asks for another tier."""
        return self.decide(contract, ContractChange(requested_tier_id=tier.id))

    def deprecate(self, tier: SlaTier) -> None:
        """The tier takes no new contracts from now on."""
        tiers.change(self.transaction, tier, {"status": "DEPRECATED"})

    def actions(self, contract: Contract) -> list[str]:
        """What the audit log says about the contract, oldest first."""
        wanted = AuditFilter(kind="contract", object_id=contract.id)
        transaction = self.transaction
        found = audit_log.entries(transaction.session, transaction.organization_id, wanted)
        return [entry.action for entry in reversed(found)]


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A database after its first start, which no test changes."""
    database = Database(tmp_path_factory.mktemp("rules") / "platform.db", CONFIGURATION)
    set_up(database, quick_hasher(), lambda _: None, DatetimeClock().now())
    yield database
    database.close()


@contextmanager
def _not_kept(database: Database) -> Iterator[Rules]:
    with database.write() as session:
        environment = session.query(Environment).one()
        actor = Actor("admin", "owner")
        now = DatetimeClock().now()
        yield Rules(
            Transaction(session, actor, environment.organization_id, now, FeedEpochs()),
            environment.id,
        )
        session.rollback()


@pytest.fixture
def rules(database: Database) -> Iterator[Rules]:
    """An API instance."""
    with _not_kept(database) as rules:
        yield rules


# Tiers that are asked for


def test_restoring_gives_back_the_tier_that_the_contract_had(rules: Rules) -> None:
    """A requested tier is no grant; the request goes on waiting."""
    silver, gold = rules.tier(), rules.tier()
    contract = rules.request_tier(rules.approved(silver), gold)
    rules.decide(contract, REVOKE)
    rules.decide(contract, APPROVE)
    assert (contract.status, contract.tier, contract.requested_tier) == ("APPROVED", silver, gold)
    rules.decide(contract, APPROVE)
    assert (contract.tier, contract.requested_tier) == (gold, None)


def test_a_contract_without_a_tier_is_restored_without_one(rules: Rules) -> None:
    """Also if it asked for a tier."""
    contract = rules.request_tier(rules.approved(), rules.tier())
    rules.decide(contract, REVOKE)
    assert rules.decide(contract, APPROVE).tier is None


def test_a_requested_tier_is_turned_down_and_the_contract_stays(rules: Rules) -> None:
    """Its tier, its dates and its reason tell what happened."""
    silver, gold = rules.tier(), rules.tier()
    contract = rules.request_tier(rules.approved(silver), gold)
    approved_at, change = contract.approved_at, contract.change
    rules.decide(contract, ContractChange(event=Event.TURN_DOWN, reason="too much"))
    assert (contract.status, contract.tier, contract.requested_tier) == ("APPROVED", silver, None)
    assert (contract.approved_at, contract.rejected_at) == (approved_at, None)
    assert contract.decision_reason == "too much"
    assert contract.change > change
    assert rules.actions(contract) == ["request", "approve", "request_tier", "turn_down"]


def test_without_a_requested_tier_there_is_none_to_turn_down(rules: Rules) -> None:
    """An approved contract is not rejected by mistake either: it would keep its access."""
    contract = rules.approved(rules.tier())
    with pytest.raises(Conflict, match="asks for no other tier"):
        rules.decide(contract, TURN_DOWN)
    with pytest.raises(Conflict, match="APPROVED can't become REJECTED; revoke it"):
        rules.decide(contract, REJECT)
    with pytest.raises(Conflict, match="can't turn down a contract that is PENDING"):
        rules.decide(rules.ask(rules.tier()), TURN_DOWN)


def test_nobody_newly_gets_a_deprecated_tier(rules: Rules) -> None:
    """Not by approving what waited, nor by restoring a rejected request, nor by a change."""
    old, other = rules.tier(), rules.tier()
    waiting, rejected = rules.ask(old), rules.decide(rules.ask(old), REJECT)
    requesting = rules.request_tier(rules.approved(other), old)
    rules.deprecate(old)
    for contract in (waiting, rejected, requesting):
        with pytest.raises(Conflict, match="is deprecated and takes no new contracts; choose"):
            rules.decide(contract, APPROVE)
        rules.decide(contract, ContractChange("APPROVED", tier_id=other.id))
        assert (contract.status, contract.tier) == ("APPROVED", other)


def test_a_contract_keeps_a_tier_that_was_deprecated(rules: Rules) -> None:
    """Approving it again, and restoring it, grant nothing new."""
    old = rules.tier()
    contract = rules.approved(old)
    rules.deprecate(old)
    for wanted in (APPROVE, REVOKE, APPROVE):
        rules.decide(contract, wanted)
    assert (contract.status, contract.tier) == ("APPROVED", old)


def test_a_deprecated_tier_approves_nobody_by_itself(rules: Rules) -> None:
    """Its requests wait until it is active again."""
    tier = rules.tier()
    waiting = rules.ask(tier)
    rules.deprecate(tier)
    session = rules.transaction.session
    assert tiers.impact(session, tier, {"auto_approve": True}).approvals == 0
    tiers.change(rules.transaction, tier, {"auto_approve": True})
    assert waiting.status == "PENDING"
    assert tiers.impact(session, tier, {"status": "ACTIVE"}).approvals == 1
    tiers.change(rules.transaction, tier, {"status": "ACTIVE"})
    assert (waiting.status, waiting.tier) == ("APPROVED", tier)
    assert waiting.updated_at == waiting.approved_at == rules.transaction.now


# Asking again, and deleting


@pytest.mark.parametrize("auto", [False, True])
def test_a_rejected_application_asks_again(rules: Rules, *, auto: bool) -> None:
    """With the same contract, for another tier, which may need no approval."""
    application_id, tier = rules.application(), rules.tier(auto=auto)
    rejected = rules.ask(rules.tier(), application_id)
    rules.decide(rejected, ContractChange("REJECTED", reason="no"))
    again = rules.ask(tier, application_id)
    assert again is rejected
    assert again.status == ("APPROVED" if auto else "PENDING")
    assert due(again) is tier
    assert (again.rejected_at, again.decision_reason, again.reason) == (None, None, "because")
    assert rules.actions(again) == ["request", "reject", "request"]


def due(contract: Contract) -> SlaTier | None:
    """The tier that the contract has or asks for."""
    return contract.requested_tier or contract.tier


def test_others_do_not_ask_twice(rules: Rules) -> None:
    """The refusal names the contract, its status and the fix."""
    application_id = rules.application()
    contract = rules.ask(rules.tier(), application_id)
    for status, fix in (("PENDING", ""), ("APPROVED", ""), ("REVOKED", "; restore it")):
        if status != "PENDING":
            rules.decide(contract, ContractChange(status))
        with pytest.raises(Conflict) as refused:
            rules.ask(None, application_id)
        assert refused.value.message.endswith(f"already, which is {status}{fix}")


def test_an_approved_contract_is_revoked_before_it_is_deleted(rules: Rules) -> None:
    """Others are deleted at once."""
    contract = rules.approved()
    with pytest.raises(Conflict, match="an approved contract can't be deleted; revoke it first"):
        contracts.delete(rules.transaction, contract)
    contracts.delete(rules.transaction, rules.decide(contract, REVOKE))
    contracts.delete(rules.transaction, rules.ask(rules.tier()))


def test_a_tier_in_use_is_not_deleted(rules: Rules) -> None:
    """By a contract that is approved, waits, or asks for another tier."""
    tier = rules.tier()
    requesting = rules.approved(rules.tier())
    users = [rules.approved(tier), rules.ask(tier), rules.request_tier(requesting, tier)]
    for left in range(len(users), 0, -1):
        with pytest.raises(Conflict, match=rf"in use by contracts .* \({left}\); move or revoke"):
            tiers.delete(rules.transaction, tier)
        contract = users[left - 1]
        rules.decide(contract, REJECT if contract.status == "PENDING" else REVOKE)
    tiers.delete(rules.transaction, tier)


def test_a_tier_that_only_ended_contracts_have_is_deleted(rules: Rules) -> None:
    """They don't come back without a tier by mistake."""
    tier, other = rules.tier(), rules.tier()
    revoked = rules.decide(rules.approved(tier), REVOKE)
    rejected = rules.decide(rules.ask(tier), REJECT)
    tiers.delete(rules.transaction, tier)
    for contract in (revoked, rejected):
        assert (contract.tier, contract.requested_tier, contract.lost_tier) == (
            None,
            None,
            tier.name,
        )
        with pytest.raises(Conflict, match=f"the tier '{tier.name}' of this contract was deleted"):
            rules.decide(contract, APPROVE)
        rules.decide(contract, ContractChange("APPROVED", tier_id=other.id))
        assert (contract.tier, contract.lost_tier) == (other, None)
        assert rules.actions(contract)[-2:] == ["lose_tier", "restore"]


def test_losing_a_requested_tier_is_not_losing_a_tier(rules: Rules) -> None:
    """A revoked contract comes back with what it had."""
    had, requested = rules.tier(), rules.tier()
    contract = rules.decide(rules.request_tier(rules.approved(had), requested), REVOKE)
    tiers.delete(rules.transaction, requested)
    assert contract.lost_tier is None
    assert rules.decide(contract, APPROVE).tier is had


def test_a_rejected_contract_that_asks_for_another_tier_is_restored_on_it(rules: Rules) -> None:
    """A revoked one that lost its tier still needs an admin's choice."""
    tier, other = rules.tier(), rules.tier()
    rejected = rules.decide(rules.ask(tier), REJECT)
    revoked = rules.decide(rules.approved(tier), REVOKE)
    tiers.delete(rules.transaction, tier)
    for contract in (rejected, revoked):
        rules.request_tier(contract, other)
    rules.decide(rejected, APPROVE)
    assert (rejected.tier, rejected.lost_tier) == (other, None)
    with pytest.raises(Conflict, match="was deleted; choose another one"):
        rules.decide(revoked, APPROVE)


def test_who_asks_again_needs_no_tier_that_is_gone(rules: Rules) -> None:
    """The new request counts."""
    application_id, tier = rules.application(), rules.tier()
    rules.decide(rules.ask(tier, application_id), REJECT)
    tiers.delete(rules.transaction, tier)
    again = rules.ask(None, application_id)
    assert (again.status, again.tier, again.lost_tier) == ("APPROVED", None, None)


# Tiers without limits


def test_a_tier_without_limits_is_warned_of(rules: Rules) -> None:
    """It is no unlimited access: gateways that apply limits refuse the contract."""
    session, empty = rules.transaction.session, rules.tier(auto=True, limits=0)
    for warnings in (
        contract_warnings.of_tier(empty),
        contract_warnings.of_contract(session, rules.ask(empty)),
    ):
        [warning] = warnings
        assert "has no limits, so the policy rate-limiting-sla-based refuses" in warning
    assert contract_warnings.of_contract(session, rules.ask(rules.tier())) == []
