"""Expressions in policy configurations: a subset of DataWeave, compiled at sync time.

The subset is what the vendor documents for its Envoy-based gateway ("DataWeave support in Flex
Gateway policies") less what a Check cannot see: bodies, responses, variables. What is outside is
refused when the policy is compiled, never guessed at when a request comes.
"""

from adapter.policy.expression.expression import Expression, compile_expression
from adapter.policy.expression.values import Failed, Value

__all__ = ["Expression", "Failed", "Value", "compile_expression"]
