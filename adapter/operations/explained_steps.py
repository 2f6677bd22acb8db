"""Says in plain words what a policy would do with a request. Values of headers are left out."""

from collections.abc import Iterable
from typing import Any

from adapter.operations.denials import printable
from adapter.policy.catalog import Pointcut
from adapter.policy.effects.effect import Outcome
from adapter.policy.effects.log import Log
from adapter.policy.effects.quota import Charge, QuotaState, QuotaWindow, Throttle
from adapter.policy.effects.token import Introspect, RefusedToken, VerifiedToken, VerifyToken
from adapter.policy.effects.use import UseOnce
from adapter.policy.effects.user import Authenticate
from adapter.policy.explain import ExplainedEffect, Step
from adapter.policy.verdicts import Continue, Identity


def pointcut_document(pointcut: Pointcut) -> dict[str, Any]:
    """A pointcut, with the names that it has on the platform."""
    return {"methodRegex": pointcut.method_regex, "uriTemplateRegex": pointcut.path_regex}


def notes_of(step: Step) -> list[str]:
    """What the policy would do, and what it establishes."""
    notes = [note for effect in step.effects for note in _effect_notes(effect)]
    conclusion = step.conclusion
    if isinstance(conclusion, Identity):
        notes += _identity_notes(conclusion)
    elif isinstance(conclusion, Continue):
        notes += _continue_notes(conclusion)
    return [printable(note) for note in notes]


def _effect_notes(explained: ExplainedEffect) -> Iterable[str]:
    effect, outcome = explained
    if isinstance(effect, Charge):
        left = _left(outcome)
        for position, window in enumerate(effect.windows):
            yield f"would charge 1 of {_limit(window)}; {left[position] if left else _UNKNOWN_LEFT}"
    elif isinstance(effect, Throttle):
        yield f"would count 1 of {_limit(effect.window)} for spike control"
    elif isinstance(effect, Log):
        yield f"would write {len(effect.messages)} message(s) to the log"
    elif isinstance(effect, VerifyToken):
        yield _token_note(outcome)
    elif isinstance(effect, Introspect):
        provider = effect.source.url or "the client provider"
        yield f"would ask {provider} about the token: not asked, assumed to be active"
    elif isinstance(effect, Authenticate):
        server = effect.directory.account.host
        yield f"would ask the LDAP server {server} about the user: not asked, assumed to be known"
    elif isinstance(effect, UseOnce):
        yield "would use up the proof of this request; whether it was used before is not checked"


_UNKNOWN_LEFT = "how many are left is not known here"


def _left(outcome: Outcome | None) -> list[str]:
    """What is left of each window; empty if it is not known."""
    if not isinstance(outcome, QuotaState):
        return []
    if outcome.unknown:
        return [outcome.unknown]
    return [
        f"{left} left" + (f", again in {wait_ms / 1000:g} s" if left <= 0 else "")
        for left, wait_ms in zip(outcome.remaining, outcome.reset_ms, strict=True)
    ]


def _limit(window: QuotaWindow) -> str:
    maximum, period_ms, *_ = window
    return f"{maximum:,} requests per {period_ms / 1000:g} s"


def _token_note(outcome: Outcome | None) -> str:
    if isinstance(outcome, VerifiedToken):
        return "the token is authentic and valid now"
    if isinstance(outcome, RefusedToken):
        return f"the token is refused: {outcome.why}"
    return "would verify the token with keys that are not here: assumed to be authentic"


def _identity_notes(identity: Identity) -> Iterable[str]:
    if identity.client_id:
        parts = [f"id {identity.client_id}", f"contract {identity.contract_id}"]
        if identity.sla_tier:
            parts.append(f"SLA tier {identity.sla_tier}")
        yield f"identifies the client application {identity.client_name!r} ({', '.join(parts)})"
    if identity.principal:
        yield f"identifies the user {identity.principal!r}"


def _continue_notes(verdict: Continue) -> Iterable[str]:
    if verdict.identity is not None:
        yield from _identity_notes(verdict.identity)
    response_headers = verdict.response_headers + verdict.append_response_headers
    for what, names in (
        ("sets request headers", [name for name, _ in verdict.set_headers]),
        ("appends to request headers", [name for name, _ in verdict.append_headers]),
        ("removes request headers", list(verdict.remove_headers)),
        ("adds response headers", [name for name, _ in response_headers]),
    ):
        if names:
            yield f"{what}: {', '.join(names)}"
