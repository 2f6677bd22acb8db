"""What happens if the adapter does not answer, and how long Envoy waits."""

from adapter.doctor.check import Check, per_filter
from adapter.doctor.fields import flag, number, seconds, text, tree, trees
from adapter.doctor.finding import Severity
from adapter.doctor.known_adapter import KnownAdapter
from adapter.doctor.model import Chain, HttpFilter

_SHORTEST_S = 0.05
_LONGEST_S = 5.0
_CONDITIONS = ("connect-failure", "refused-stream", "reset", "unavailable")
_SERVER_ERRORS = frozenset(
    {"InternalServerError", "NotImplemented", "BadGateway", "ServiceUnavailable", "GatewayTimeout"}
    | {"HTTPVersionNotSupported", "VariantAlsoNegotiates", "InsufficientStorage", "LoopDetected"}
    | {"NotExtended", "NetworkAuthenticationRequired"}
)
_DEFAULT_BASE_S = 0.025


def _status(asker: HttpFilter, _: Chain, __: KnownAdapter) -> str | None:
    status = tree(asker.config, "status_on_error")
    name, code = text(status, "code"), number(status, "code")
    if name in _SERVER_ERRORS or (code is not None and 500 <= code < 600):
        return None
    return f"it is {name or f'{code:g}'}" if name or code is not None else "not set"


def _timeout(asker: HttpFilter) -> float | None:
    return seconds(tree(asker.config, "grpc_service"), "timeout")


def _too_short(asker: HttpFilter, _: Chain, __: KnownAdapter) -> str | None:
    timeout = _timeout(asker)
    return f"{timeout:g} s" if timeout is not None and 0 < timeout < _SHORTEST_S else None


def _too_long(asker: HttpFilter, _: Chain, __: KnownAdapter) -> str | None:
    timeout = _timeout(asker)
    if timeout is None or 0 < timeout <= _LONGEST_S:
        return None
    return f"{timeout:g} s" if timeout else "without limit"


def _no_retries(asker: HttpFilter, _: Chain, __: KnownAdapter) -> bool:
    policy = tree(asker.config, "grpc_service", "retry_policy")
    return not text(policy, "retry_on") or number(policy, "num_retries") == 0


def _conditions(asker: HttpFilter, _: Chain, __: KnownAdapter) -> str:
    retry_on = text(tree(asker.config, "grpc_service", "retry_policy"), "retry_on")
    given = {condition.strip() for condition in retry_on.split(",")}
    missing = [c for c in _CONDITIONS if c not in given]
    return f"missing: {', '.join(missing)}" if retry_on and missing else ""


def _attempts_too_short(asker: HttpFilter, _: Chain, __: KnownAdapter) -> str | None:
    policy = tree(asker.config, "grpc_service", "retry_policy")
    back_off = tree(policy, "retry_back_off")
    base = seconds(back_off, "base_interval") or _DEFAULT_BASE_S
    attempt = seconds(back_off, "max_interval") or 10 * base
    timeout = _timeout(asker)
    is_short = bool(text(policy, "retry_on")) and timeout is not None and attempt < timeout
    return f"{attempt:g} s, and the timeout is {timeout:g} s" if is_short else None


def _same_host(asker: HttpFilter, _: Chain, __: KnownAdapter) -> bool:
    policy = tree(asker.config, "grpc_service", "retry_policy")
    return bool(text(policy, "retry_on")) and not trees(policy, "retry_host_predicate")


CHECKS = (
    Check(
        "failure_mode_allow",
        Severity.ERROR,
        "If the adapter does not answer in time, Envoy lets the request through without a Check.",
        "Remove failure_mode_allow from the ext_authz filter.",
        per_filter(lambda asker, _, __: flag(asker.config, "failure_mode_allow")),
    ),
    Check(
        "status_on_error",
        Severity.WARNING,
        "If the adapter does not answer, clients get a status that looks like a decision (403 by "
        "default).",
        "Set status_on_error: {code: ServiceUnavailable}.",
        per_filter(_status),
    ),
    Check(
        "timeout_missing",
        Severity.WARNING,
        "Envoy waits 0.2 s by default, too short for policies that ask another server.",
        "Set grpc_service.timeout, for example 0.5s.",
        per_filter(
            lambda asker, _, __: "timeout" not in tree(asker.config, "grpc_service"),
        ),
    ),
    Check(
        "timeout_short",
        Severity.WARNING,
        "Envoy gives up before a busy adapter can answer, and the request fails.",
        "Raise grpc_service.timeout, for example to 0.5s.",
        per_filter(_too_short),
    ),
    Check(
        "timeout_long",
        Severity.WARNING,
        "While an adapter hangs, requests pile up in Envoy for this long.",
        "Lower grpc_service.timeout to the time that your slowest policy needs.",
        per_filter(_too_long),
    ),
    Check(
        "retries_missing",
        Severity.WARNING,
        "Requests fail whenever an adapter restarts, although another one could answer.",
        "Set grpc_service.retry_policy with retry_on: "
        "connect-failure,refused-stream,reset,unavailable.",
        per_filter(_no_retries),
    ),
    Check(
        "retry_conditions",
        Severity.WARNING,
        "Checks that fail in this way are not asked again, although another adapter could answer.",
        "Set retry_on: connect-failure,refused-stream,reset,unavailable.",
        per_filter(_conditions),
    ),
    Check(
        "retry_attempt_timeout",
        Severity.WARNING,
        "Envoy uses retry_back_off.max_interval as the timeout of each attempt, so slow Checks "
        "fail before the timeout.",
        "Set retry_back_off.max_interval to at least grpc_service.timeout.",
        per_filter(_attempts_too_short),
    ),
    Check(
        "retry_same_host",
        Severity.NOTE,
        "A repeated Check may go to the adapter that has just failed.",
        "Add envoy.retry_host_predicates.previous_hosts to retry_host_predicate.",
        per_filter(_same_host),
    ),
)
