"""Creating an API instance by promotion: `POST …/apis` with `promote`.

Who promotes needs the permission to read the origin with the secrets in its policies and addresses,
because the copy has them too.
"""

from control_plane.accounts.roles import Permission, roles_with
from control_plane.alerts.copying import copy_alerts
from control_plane.errors import Forbidden, Invalid
from control_plane.management import apis, promotion
from control_plane.management.transaction import Transaction
from control_plane.protocol.api_bodies import AllEntities, NewApi, Promotion
from control_plane.protocol.scope import EnvironmentScope
from control_plane.store.tables import ApiInstance


def promoted(
    transaction: Transaction, scope: EnvironmentScope, body: NewApi, wanted: Promotion
) -> ApiInstance:
    """The copy of an API instance of another environment of the organization."""
    if body.spec is not None:
        raise Invalid("spec: leave it out; a promotion takes the asset of its origin")
    if _all(wanted.contracts):
        raise Invalid("promote.contracts: contracts are not copied; request them for the new API")
    origin = _origin(transaction, scope, wanted)
    columns = body.columns()
    if "endpoint" in columns:
        columns["endpoint"] = apis.merged_endpoint(origin.endpoint, columns["endpoint"])
    api, upstream_ids = promotion.promote(transaction, origin, scope.environment_id, columns)
    if _all(wanted.tiers):
        promotion.copy_tiers(transaction, origin, api)
    if _all(wanted.policies):
        checks = scope.services.policy_checks
        promotion.copy_policies(transaction, origin, api, upstream_ids, checks)
    if _all(wanted.alerts):
        copy_alerts(transaction, origin, api)
    return api


def _all(wanted: AllEntities | None) -> bool:
    return wanted is not None and wanted.all_entities


def _origin(transaction: Transaction, scope: EnvironmentScope, wanted: Promotion) -> ApiInstance:
    """The API instance to copy; raise NotFound or Forbidden unless the caller may copy it."""
    session, caller = transaction.session, scope.caller
    visible = [environment.id for environment in caller.environments(session)]
    origin = apis.get_among(session, visible, wanted.origin_api_id)
    if origin.environment_id == scope.environment_id:
        raise Invalid("promote.originApiId: it is in this environment; name one of another")
    needed = {Permission.APIS_READ: origin.environment_id}
    needed |= {Permission.SECRETS_READ: origin.environment_id}
    if _all(wanted.alerts):
        needed |= {Permission.ALERTS_READ: origin.environment_id}
        needed |= {Permission.ALERTS_WRITE: scope.environment_id}
    for permission, environment_id in needed.items():
        if not caller.may(permission, environment_id):
            raise Forbidden(
                f"promote: the permission {permission} is missing in environment {environment_id};"
                f" {' or '.join(roles_with(permission))} has it"
            )
    return origin
