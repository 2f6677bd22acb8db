"""Documents for callers that may read them, but not the secrets in them.

Gateways need the secrets of policies, and admins may change them. A viewer or an operator sees
`***` in their places, as on the console's pages.
"""

from typing import Any

from control_plane.accounts.roles import Permission
from control_plane.management.policy_secrets import masked_policy
from control_plane.protocol.scope import OrganizationScope


def policy_for_caller(
    scope: OrganizationScope, environment_id: str, document: dict[str, Any]
) -> dict[str, Any]:
    """The document of a policy, with masks if the caller may not see secrets."""
    if scope.caller.may(Permission.SECRETS_READ, environment_id):
        return document
    hidden = masked_policy(document["assetId"], document["configurationData"])
    names = ("configurationData", "configuration")
    return {name: hidden if name in names else value for name, value in document.items()}
