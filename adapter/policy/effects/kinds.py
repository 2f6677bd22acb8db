# mypyc: compiled
"""Every kind of effect."""

from typing import Final

from adapter.policy.effects.effect import Effect
from adapter.policy.effects.log import Log
from adapter.policy.effects.quota import Charge, Throttle
from adapter.policy.effects.token import Introspect, VerifyToken
from adapter.policy.effects.use import UseOnce
from adapter.policy.effects.user import Authenticate

EFFECT_KINDS: Final[tuple[type[Effect], ...]] = (
    Charge,
    Throttle,
    Log,
    Authenticate,
    VerifyToken,
    Introspect,
    UseOnce,
)
"""Every kind of effect. The authorizer needs a port for each."""
