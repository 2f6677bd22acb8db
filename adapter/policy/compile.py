"""Compiles the policies of the platform into rules; a bad configuration fails here."""

import json
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from types import MappingProxyType
from typing import NamedTuple

from adapter.errors import PolicyError
from adapter.policy.catalog import AppliedPolicy, Pointcut, PolicyRef
from adapter.policy.pointcuts import compile_pointcuts, warnings_on
from adapter.policy.policies.access_block import compile_access_block
from adapter.policy.policies.client_id_enforcement import compile_client_id_enforcement
from adapter.policy.policies.cors import compile_cors
from adapter.policy.policies.credential_injection_basic_auth import (
    compile_credential_injection_basic_auth,
)
from adapter.policy.policies.header_injection import compile_header_injection
from adapter.policy.policies.header_removal import compile_header_removal
from adapter.policy.policies.http_basic_authentication import compile_http_basic_authentication
from adapter.policy.policies.ip_lists import compile_ip_allowlist, compile_ip_blocklist
from adapter.policy.policies.jwt_validation import compile_jwt_validation
from adapter.policy.policies.ldap_authentication import compile_ldap_authentication
from adapter.policy.policies.message_logging import compile_message_logging
from adapter.policy.policies.oauth2_token_introspection import compile_oauth2_token_introspection
from adapter.policy.policies.openidconnect_access_token_enforcement import (
    compile_openidconnect_access_token_enforcement,
)
from adapter.policy.policies.rate_limiting import compile_rate_limiting
from adapter.policy.policies.rate_limiting_sla_based import compile_rate_limiting_sla_based
from adapter.policy.policies.shared.configuration import warnings_on_unused
from adapter.policy.policies.spike_control import compile_spike_control
from adapter.policy.policy_schemas import CONFIGURATIONS
from adapter.policy.rule import ANYWHERE, Rule, RuleCompiler
from adapter.policy.rule_pool import RulePool, SharedRule

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
        "http-basic-authentication": compile_http_basic_authentication,
        "ip-allowlist": compile_ip_allowlist,
        "ip-blocklist": compile_ip_blocklist,
        "jwt-validation": compile_jwt_validation,
        "ldap-authentication": compile_ldap_authentication,
        "oauth2-token-introspection": compile_oauth2_token_introspection,
        "openidconnect-access-token-enforcement": compile_openidconnect_access_token_enforcement,
        "rate-limiting": compile_rate_limiting,
        "rate-limiting-sla-based": compile_rate_limiting_sla_based,
    }
)
"""Every policy type that can be enforced, by the id of its asset on the platform."""


_ANYWHERE = Pointcut(".*", ".*")


class CompiledPolicy(NamedTuple):
    """A policy that Checks can ask: its name and its rule."""

    ref: PolicyRef
    shared: SharedRule
    automated: bool = False
    pointcuts: tuple[Pointcut, ...] = ()
    """The pointcuts of the rule, as the admin wrote them."""
    overridden: tuple[Pointcut, ...] = ()
    """The same for the parts where automated policies apply instead."""

    @property
    def rule(self) -> Rule:
        """What to ask."""
        return self.shared.rule


def compile_policy(policy: AppliedPolicy, pool: RulePool) -> CompiledPolicy:
    """Compile one applied policy, or take its rule from the pool.

    Raises PolicyError when the policy cannot be enforced.
    """
    if policy.fault:
        raise PolicyError(policy.fault)
    configuration = json.dumps(dict(policy.configuration))

    def compiled() -> Rule:
        return _at_pointcuts(compile_rule(policy.policy_type, configuration), policy)

    return CompiledPolicy(
        PolicyRef(policy.policy_id, policy.policy_type),
        pool.rule(_key(policy, configuration), compiled),
        policy.automated,
        # A rule that is overridden somewhere has a pointcut, even if the admin wrote none.
        policy.pointcuts or ((_ANYWHERE,) if policy.overridden else ()),
        policy.overridden,
    )


def _key(policy: AppliedPolicy, configuration: str) -> bytes:
    """What policies with the same rule have in common.

    A digest, because a configuration may be long and may contain a secret.
    """
    parts = [
        [[pointcut.method_regex, pointcut.path_regex] for pointcut in pointcuts]
        for pointcuts in (policy.pointcuts, policy.overridden)
    ]
    return sha256(json.dumps([policy.policy_type, configuration, parts]).encode()).digest()


def _at_pointcuts(rule: Rule, policy: AppliedPolicy) -> Rule:
    """The rule with the pointcuts of the policy."""
    pointcuts = compile_pointcuts(policy.pointcuts)
    overridden = compile_pointcuts(policy.overridden)
    everywhere = pointcuts + overridden
    return replace(
        rule,
        inspects_path=rule.inspects_path or any(p.path is not None for p in everywhere),
        inspects_method=rule.inspects_method or any(p.method is not None for p in everywhere),
        pointcuts=(ANYWHERE,) if overridden and not pointcuts else pointcuts,
        overridden=overridden,
        warnings=rule.warnings + warnings_on(policy.pointcuts),
    )


def compile_rule(policy_type: str, configuration: str) -> Rule:
    """Compile a configuration, given as JSON. Raises PolicyError."""
    compiler = POLICY_TYPES.get(policy_type)
    if compiler is None:
        raise PolicyError(
            "this policy type is not supported; remove the policy, or add the type to "
            "platform.ignored_policy_types to leave it out"
        )
    given = json.loads(configuration)
    rule = compiler(given)
    unused = warnings_on_unused(CONFIGURATIONS[policy_type], given)
    return replace(rule, warnings=rule.warnings + unused) if unused else rule
