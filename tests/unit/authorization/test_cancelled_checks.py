"""Checks that Envoy cancels before anything of them ran."""

import asyncio
import gc
import warnings
from collections.abc import Mapping
from typing import Any, Final

import pytest

from adapter.authorization.authorizer import Authorizer
from adapter.authorization.decision_sample import DecisionSample
from adapter.authorization.discovered_services import DiscoveredServices
from adapter.authorization.effect_ports import effect_ports
from adapter.authorization.snapshot_store import SnapshotStore
from adapter.authorization.verdict_text import VerdictTexts
from adapter.ext_authz.check.reader import RequestReader
from adapter.ext_authz.service import AuthorizationService
from adapter.operations.message_log import MessageLog
from adapter.policy.bindings import BindingTable
from adapter.policy.effects.quota import Charge, QuotaState
from adapter.quota.spike import SpikeThrottle
from support.defaults import (
    denial_log,
    gatekeeper,
    key_sets,
    ldap_users,
    memory_quotas,
    response_writer,
    shared_quotas,
    token_introspector,
    token_verifier,
    waiting_checks,
)
from support.token_issuer import TokenIssuer
from tests.builders import api, applied
from tests.rig.adapters import Observed
from tests.rig.clock import FakeClock
from tests.rig.slapd import ACCOUNT, PEOPLE
from tests.unit.authorization.contact import Contact
from tests.unit.ext_authz.checks import check_request

TOKEN: Final = TokenIssuer().token({"sub": "ann"})
ONE_A_SECOND: Final = {"maximumRequests": 1, "timePeriodInMilliseconds": 1_000}
WAITING: Final[Mapping[str, tuple[Mapping[str, Any], str]]] = {
    "jwt-validation": (
        {"jwksUrl": "https://idp.test/keys", "skipClientIdValidation": True},
        f"Bearer {TOKEN}",
    ),
    "oauth2-token-introspection": (
        {
            "introspectionURL": "https://idp.test/introspect",
            "authorizationValue": "Basic YTpi",
            "skipClientIdValidation": True,
        },
        "Bearer abc",
    ),
    "ldap-authentication": (
        {
            "ldapServerURL": "ldaps://127.0.0.1:9",
            "ldapServerUserDn": ACCOUNT,
            "ldapServerUserPassword": "secret",
            "ldapSearchBase": PEOPLE,
        },
        "Basic YWxpY2U6c2VjcmV0",
    ),
    "rate-limiting": ({"rateLimits": [ONE_A_SECOND], "clusterizable": True}, ""),
    "spike-control": (
        {**ONE_A_SECOND, "queuingLimit": 5, "delayTimeInMillis": 500, "delayAttempts": 1},
        "",
    ),
}
"""Policies whose effects need waiting, with a configuration and the `authorization` header."""


class StoreElsewhere:
    """A quota store that answers later."""

    overloads = 0

    async def charge(self, check_id: str, charge: Charge) -> QuotaState:
        """See `QuotaStore`."""
        raise AssertionError(f"{check_id} was cancelled before: {charge}")

    async def probe(self) -> None:
        """See `ProbedQuotaStore`."""

    async def close(self) -> None:
        """See `ProbedQuotaStore`."""


@pytest.mark.parametrize("policy_type", WAITING)
async def test_a_check_that_is_cancelled_at_once_leaves_no_coroutine(policy_type: str) -> None:
    """Python warns about each coroutine that nobody awaits."""
    configuration, authorization = WAITING[policy_type]
    clock = FakeClock()
    snapshots = SnapshotStore(clock)
    snapshots.publish([api("1", [applied(policy_type, configuration)])])
    users, introspector = ldap_users(clock), token_introspector(clock)
    keys = key_sets(clock)
    authorizer = Authorizer(
        snapshots,
        BindingTable(()),
        gatekeeper(clock, Contact()),
        clock,
        effect_ports(
            quotas=shared_quotas(StoreElsewhere(), memory_quotas(clock), clock),
            throttler=SpikeThrottle(clock),
            messages=MessageLog(clock),
            users=users,
            tokens=token_verifier(clock, keys),
            introspector=introspector,
            clock=clock,
            clock_skew_s=0,
        ),
        unbound="deny",
        discovered=DiscoveredServices(),
    )
    service = AuthorizationService(
        authorizer,
        RequestReader(),
        response_writer(),
        observer=Observed(),
        denials=denial_log(clock),
        sample=DecisionSample(clock, 0),
        verdicts=VerdictTexts(snapshots),
        waiting=waiting_checks(clock),
        clock=clock,
    )
    headers = [("authorization", authorization)] if authorization else []
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        answer = service.check(check_request(headers, id="1").SerializeToString(), {})
        if isinstance(answer, bytes):  # Spike control lets the first request pass at once.
            answer = service.check(check_request(headers, id="2").SerializeToString(), {})
        assert not isinstance(answer, bytes)
        task = asyncio.ensure_future(answer)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        del task, answer
        gc.collect()
    await asyncio.gather(users.close(), introspector.close(), keys.close())
    assert [str(warning.message) for warning in warned] == []
