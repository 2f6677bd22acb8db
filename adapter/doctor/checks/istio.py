"""What Istio makes of AuthorizationPolicies whose action is CUSTOM.

An rbac filter with shadow rules marks the requests that the policies match, and the ext_authz
filter asks about those that are marked. If the provider is unknown, or two are named, the rbac
filter refuses all requests instead.
"""

from typing import Final

from adapter.doctor.check import Check, per_chain
from adapter.doctor.fields import Tree, flag, tree, trees
from adapter.doctor.finding import Severity
from adapter.doctor.model import Chain, HttpFilter

_REFUSES_ALL: Final = "bad-CUSTOM-action"
_MARKS: Final = "istio-ext-authz"


def marks_everything(asker: HttpFilter, chain: Chain) -> bool:
    """Whether Istio's filter before this one marks all requests to be checked."""
    condition = tree(asker.config, "filter_enabled_metadata")
    return _MARKS in str(tree(condition, "value")) and any(
        name.startswith(_MARKS) and _matches_all(policy)
        for rbac in chain.before_check
        if rbac.kind == "rbac"
        for name, policy in tree(rbac.config, "shadow_rules", "policies").items()
    )


def refuses_everything(chain: Chain) -> bool:
    """Whether Istio found no provider that it could use."""
    return any(
        _REFUSES_ALL in name
        for rbac in chain.filters
        if rbac.kind == "rbac"
        for name in tree(rbac.config, "rules", "policies")
    )


def _matches_all(policy: object) -> bool:
    if not isinstance(policy, dict) or policy.keys() & {"condition", "checked_condition"}:
        return False
    permissions, principals = trees(policy, "permissions"), trees(policy, "principals")
    return any(map(_is_any, permissions)) and any(map(_is_any, principals))


def _is_any(rule: Tree) -> bool:
    """Whether a permission or a principal matches every request."""
    if flag(rule, "any"):
        return True
    parts = [*trees(tree(rule, "and_rules"), "rules"), *trees(tree(rule, "and_ids"), "ids")]
    return bool(parts) and all(map(_is_any, parts))


CHECKS = (
    Check(
        "istio_refuses_all",
        Severity.ERROR,
        "Istio refuses every request with 403, because the AuthorizationPolicies of this Envoy "
        "name an unknown provider, or more than one.",
        "Name one entry of meshConfig.extensionProviders in all AuthorizationPolicies with action "
        "CUSTOM of this workload.",
        per_chain(lambda chain, _: refuses_everything(chain)),
    ),
)
