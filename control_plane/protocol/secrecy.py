"""Documents for callers that may read them, but not the secrets in them.

Gateways need the secrets of policies, and admins may change them, as they may change the addresses
of API instances, which can have credentials. A viewer or an operator sees `***` in their places,
as on the console's pages.
"""

from typing import Any, Final

from control_plane.accounts.roles import Permission
from control_plane.management.masked_secrets import masked
from control_plane.management.policy_secrets import masked_policy
from control_plane.protocol.scope import EnvironmentScope, OrganizationScope

_WITH_ADDRESSES: Final = frozenset({"deployment", "endpoint", "endpointUri", "routing"})
"""Members of an API instance that may have credentials in them."""


def policy_for_caller(
    scope: OrganizationScope, environment_id: str, document: dict[str, Any]
) -> dict[str, Any]:
    """The document of a policy, with masks if the caller may not see secrets."""
    if scope.caller.may(Permission.SECRETS_READ, environment_id):
        return document
    hidden = masked_policy(document["assetId"], document["configurationData"])
    names = ("configurationData", "configuration")
    return {name: hidden if name in names else value for name, value in document.items()}


def api_for_caller(scope: EnvironmentScope, document: dict[str, Any]) -> dict[str, Any]:
    """The document of an API instance, with masks if the caller may not see secrets."""
    if scope.caller.may(Permission.SECRETS_READ, scope.environment_id):
        return document
    return {
        name: masked(value) if name in _WITH_ADDRESSES else value
        for name, value in document.items()
    }


def upstream_for_caller(scope: EnvironmentScope, document: dict[str, Any]) -> dict[str, Any]:
    """The document of an upstream, with masks if the caller may not see secrets."""
    may_see = scope.caller.may(Permission.SECRETS_READ, scope.environment_id)
    return document if may_see else masked(document)


def asset_for_caller(scope: EnvironmentScope, document: dict[str, Any]) -> dict[str, Any]:
    """The document of an asset, whose API instances are as in `api_for_caller`."""
    return document | {"apis": [api_for_caller(scope, api) for api in document["apis"]]}
