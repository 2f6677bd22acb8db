"""Effects and their outcomes."""

import pytest

from adapter.policy.concealed import Concealed
from adapter.policy.decide import Unsettled, decide
from adapter.policy.decision import Allowed
from adapter.policy.effects.effect import Effect, Outcome
from adapter.policy.effects.kinds import EFFECT_KINDS
from adapter.policy.effects.log import LOGGED, Log, Logged, LogMessage
from adapter.policy.effects.quota import Charge, QuotaState, Throttle
from adapter.policy.effects.token import (
    Introspect,
    NoKeys,
    RefusedToken,
    UnusableAnswer,
    VerifiedToken,
    VerifyToken,
)
from adapter.policy.effects.use import Usage, UseOnce
from adapter.policy.effects.user import Authenticate, Verification
from adapter.policy.ldap_directory import LdapAccount, LdapDirectory
from adapter.policy.tokens.introspection import IntrospectionSource
from adapter.policy.tokens.keys import KeySet
from adapter.policy.tokens.trust import TokenTrust
from adapter.policy.verdicts import CONTINUE, Identity
from tests.builders import api_ruled_by
from tests.unit.policy.gateway import a_request

DIRECTORY = LdapDirectory(
    LdapAccount(True, "ldap.test", 636, "cn=adapter", Concealed("secret")),
    base="dc=test",
    search_filter="(uid={0})",
    in_subtree=False,
)
PROVIDER = IntrospectionSource(
    "https://idp.test",
    Concealed("Basic secret"),
    timeout_s=1,
    longest_s=1,
    without_exp_s=1,
    max_remembered=1,
)
EFFECTS: tuple[Effect, ...] = (
    Charge(((1, 1, "k"),), lambda _: CONTINUE),
    Throttle((1, 1, "k"), 1.0, 1, 1, lambda _: CONTINUE),
    Log((LogMessage("info", "c", "text", "7"),)),
    Authenticate(DIRECTORY, "alice", Concealed("secret"), lambda _: CONTINUE),
    UseOnce(("7", "jwt/1", "proof"), 1.0, 60.0, lambda _: CONTINUE),
    VerifyToken("a.b.c", TokenTrust(KeySet(()), {"RS256"}), lambda _: CONTINUE),
    Introspect(Concealed("abc"), PROVIDER, lambda _: CONTINUE),
)


def test_every_kind_of_effect_is_known() -> None:
    """The authorizer asks for a port for each of these."""
    assert set(EFFECT_KINDS) == set(Effect.__subclasses__()) == set(map(type, EFFECTS))


@pytest.mark.parametrize("effect", EFFECTS)
def test_judging_an_effect_otherwise_changes_nothing_else_of_it(effect: Effect) -> None:
    """Ports see the same effect."""
    again = effect.judged_by(lambda _: CONTINUE).judged_by(effect.settled)
    assert again == effect
    assert again is not effect


@pytest.mark.parametrize("effect", EFFECTS)
def test_an_effect_may_end_in_an_identity(effect: Effect) -> None:
    """A token that is looked up says who calls; later policies and the upstream see it."""
    found = effect.judged_by(lambda _: Identity("found"))
    step = decide(a_request(), api_ruled_by("7", lambda _: found), 1)
    assert isinstance(step, Unsettled)
    decision = step.settle(LOGGED)
    assert isinstance(decision, Allowed)
    assert decision.identity == Identity("found")


def test_outcomes_are_equal_if_they_say_the_same() -> None:
    """A store may make an outcome anew."""
    state = QuotaState(True, (1,), (1_000,))
    assert state == QuotaState(True, (1,), (1_000,))
    assert len({state, QuotaState(True, (1,), (1_000,)), QuotaState(True, (0,), (1_000,))}) == 2
    assert Logged() == LOGGED
    assert Verification("alice") == Verification("alice") != Verification("", "wrong password")
    assert Usage() == Usage() != Usage("it was used before")
    assert VerifiedToken({"sub": "ann"}) == VerifiedToken({"sub": "ann"}) != VerifiedToken({})
    assert RefusedToken("expired") == RefusedToken("expired") != RefusedToken("not signed")
    assert NoKeys("not fetched") == NoKeys("not fetched") != NoKeys("no route")
    assert UnusableAnswer("not JSON") == UnusableAnswer("not JSON") != UnusableAnswer("")
    outcomes: list[Outcome] = [LOGGED, QuotaState(True, (), ())]
    assert outcomes[0] != outcomes[1]


def test_an_effect_shows_no_token() -> None:
    """What a log or a traceback shows of an effect must not admit anyone."""
    assert all("a.b.c" not in repr(effect) for effect in EFFECTS)
