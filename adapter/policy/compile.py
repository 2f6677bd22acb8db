"""From an applied policy to something that can be asked; a bad configuration fails here."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from types import MappingProxyType
from weakref import WeakValueDictionary

from adapter.errors import PolicyError
from adapter.policy import methods, paths
from adapter.policy.catalog import EVERYTHING, AppliedPolicy, Pointcut
from adapter.policy.decision import PolicyRef
from adapter.policy.evaluation import ANYWHERE, CompiledPointcut, CompiledPolicy, Rule, RuleCompiler
from adapter.policy.patterns import BoundedPattern, can_begin_with, compile_bounded, shown
from adapter.policy.policies.access_block import compile_access_block
from adapter.policy.policies.client_id_enforcement import compile_client_id_enforcement
from adapter.policy.policies.cors import compile_cors
from adapter.policy.policies.credential_injection_basic_auth import (
    compile_credential_injection_basic_auth,
)
from adapter.policy.policies.header_injection import compile_header_injection
from adapter.policy.policies.header_removal import compile_header_removal
from adapter.policy.policies.ip_lists import compile_ip_allowlist, compile_ip_blocklist
from adapter.policy.policies.message_logging import compile_message_logging
from adapter.policy.policies.rate_limiting import compile_rate_limiting
from adapter.policy.policies.rate_limiting_sla_based import compile_rate_limiting_sla_based
from adapter.policy.policies.spike_control import compile_spike_control

POLICY_TYPES: Mapping[str, RuleCompiler] = MappingProxyType(
    {
        "access-block": compile_access_block,
        "cors": compile_cors,
        "credential-injection-basic-auth": compile_credential_injection_basic_auth,
        "message-logging": compile_message_logging,
        "spike-control": compile_spike_control,
        "client-id-enforcement": compile_client_id_enforcement,
        "header-injection": compile_header_injection,
        "header-removal": compile_header_removal,
        "ip-allowlist": compile_ip_allowlist,
        "ip-blocklist": compile_ip_blocklist,
        "rate-limiting": compile_rate_limiting,
        "rate-limiting-sla-based": compile_rate_limiting_sla_based,
    }
)
"""Every policy type that can be enforced, by its asset id."""


def compile_policy(policy: AppliedPolicy) -> CompiledPolicy:
    """Compile one applied policy; raise PolicyError when it cannot be enforced."""
    if policy.fault:
        raise PolicyError(policy.fault)
    shared = _shared_rule(policy)
    return CompiledPolicy(
        ref=PolicyRef(policy.policy_id, policy.policy_type),
        # With the type, because the platform numbers automated policies on their own.
        counter=f"{policy.policy_type}/{policy.policy_id}",
        rule=shared.rule,
        keeper=shared,
    )


class Chain:
    """The rules of an API's policies, in order; one chain for all APIs with the same rules.

    What a thousand APIs share stays in the processor's caches, which a thousand equal ones don't.
    """

    __slots__ = ("__weakref__", "rules")

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        self.rules = rules


class _Shared:
    """The rule of all policies of a type that are configured alike, while there are any."""

    __slots__ = ("__weakref__", "rule")

    def __init__(self, rule: Rule) -> None:
        self.rule = rule


_shared_rules: WeakValueDictionary[bytes, _Shared] = WeakValueDictionary()
"""By a digest, since a configuration may be long, and hold a secret."""
_chains: WeakValueDictionary[tuple[int, ...], Chain] = WeakValueDictionary()
"""By the identities of their rules, which live as long as they do."""


def chain_of(policies: Sequence[CompiledPolicy]) -> Chain:
    """The chain to ask these policies by; whoever has it keeps it."""
    rules = tuple([policy.rule for policy in policies])
    key = tuple(map(id, rules))
    chain = _chains.get(key)
    if chain is None:
        chain = _chains[key] = Chain(rules)
    return chain


def _shared_rule(policy: AppliedPolicy) -> _Shared:
    parts = [
        [[pointcut.method_regex, pointcut.path_regex] for pointcut in pointcuts]
        for pointcuts in (policy.pointcuts, policy.overridden)
    ]
    configuration = json.dumps(dict(policy.configuration))
    key = sha256(json.dumps([policy.policy_type, configuration, parts]).encode()).digest()
    shared = _shared_rules.get(key)
    if shared is None:
        rule = _compile_rule(policy.policy_type, configuration)
        shared = _shared_rules[key] = _Shared(_limited(rule, policy))
    return shared


def _limited(rule: Rule, policy: AppliedPolicy) -> Rule:
    """The rule, where the policy applies."""
    pointcuts = tuple(map(_compile_pointcut, policy.pointcuts))
    overridden = tuple(map(_compile_pointcut, policy.overridden))
    everywhere = pointcuts + overridden
    return replace(
        rule,
        inspects_path=rule.inspects_path or any(p.path is not None for p in everywhere),
        inspects_method=rule.inspects_method or any(p.method is not None for p in everywhere),
        pointcuts=(ANYWHERE,) if overridden and not pointcuts else pointcuts,
        overridden=overridden,
    )


def _compile_rule(policy_type: str, configuration: str) -> Rule:
    compiler = POLICY_TYPES.get(policy_type)
    if compiler is None:
        raise PolicyError(
            "this policy type is not supported; remove it on the platform, or name it in "
            "platform.ignored_policy_types to do without it knowingly"
        )
    return compiler(json.loads(configuration))


def _compile_pointcut(pointcut: Pointcut) -> CompiledPointcut:
    method = _compile_pattern(pointcut.method_regex, "methodRegex", methods.MAX_CHARS)
    path = _compile_pattern(pointcut.path_regex, "uriTemplateRegex", paths.MAX_CHARS)
    if path is None:
        return CompiledPointcut(method and method.compiled, None)
    if not can_begin_with(pointcut.path_regex, "/"):
        raise PolicyError(
            f"uriTemplateRegex {shown(pointcut.path_regex)!r} never matches: it is matched against "
            "the whole path, which begins with '/'; write '/...' or '.*...'"
        )
    return CompiledPointcut(method and method.compiled, path.compiled, path.longest)


def _compile_pattern(pattern: str, name: str, longest: int) -> BoundedPattern | None:
    if pattern in EVERYTHING:
        return None
    try:
        return compile_bounded(pattern, longest)
    except ValueError as e:
        raise PolicyError(f"{name} {shown(pattern)!r} {e}") from None
