"""Every check finds its mistake: the good configuration with one thing broken at a time."""

from typing import Any

import pytest

from adapter.doctor.checks import GROUPS
from tests.unit.doctor.broken import (
    asking,
    client,
    clusters,
    listeners,
    logs_and_operators,
    routes,
)
from tests.unit.doctor.broken.mistake import Broken, Change
from tests.unit.doctor.configurations import MUTUAL_TLS, Parts, known
from tests.unit.doctor.test_running_envoy import LIVE_CODES

FILES = (asking, client, clusters, listeners, logs_and_operators, routes)
BROKEN = [broken for file in FILES for broken in file.BROKEN]


def trusting(parts: Parts) -> None:
    """Certificates that nobody verified."""
    context = parts.chain["transport_socket"]["typed_config"]["common_tls_context"]
    context["validation_context"]["trust_chain_verification"] = "ACCEPT_UNTRUSTED"


CERTIFICATES: tuple[tuple[str, Change], ...] = (
    ("untrusted_certificates", trusting),
    ("peer_certificate", lambda parts: parts.ext_authz.pop("include_peer_certificate")),
)


@pytest.mark.parametrize("broken", BROKEN, ids=[f"{b.code}-{n}" for n, b in enumerate(BROKEN)])
def test_the_mistake_is_found(broken: Broken) -> None:
    """The mistake itself, and nothing that is right."""
    parts = Parts()
    assert parts.findings() == []
    broken.change(parts)
    found = {finding.code for finding in parts.findings(known(**broken.adapter))}
    assert found == {broken.code} | broken.more


@pytest.mark.parametrize(("code", "change"), CERTIFICATES)
def test_mistakes_with_certificates_of_clients(code: str, change: Change) -> None:
    """The same for a listener that asks clients for certificates."""
    parts = Parts(MUTUAL_TLS)
    assert parts.findings() == []
    change(parts)
    assert [finding.code for finding in parts.findings()] == [code]


def test_every_check_has_a_broken_configuration() -> None:
    """A check that nothing triggers may never work."""
    tried = {broken.code for broken in BROKEN} | {code for code, _ in CERTIFICATES}
    codes = [check.code for checks in GROUPS.values() for check in checks]
    assert len(codes) == len(set(codes))
    assert set(codes) - tried == LIVE_CODES


@pytest.mark.parametrize("check", [c for checks in GROUPS.values() for c in checks])
def test_each_finding_is_one_sentence_and_one_fix(check: Any) -> None:
    """Both end with a full stop, so that they can be read one after the other."""
    assert check.why.endswith(".")
    assert check.fix.endswith(".")
