"""Expressions in policy configurations: a subset of DataWeave, compiled at sync time.

The subset is what the vendor documents for its Envoy-based gateway ("DataWeave support in Flex
Gateway policies"), without what a Check cannot see: bodies, responses, variables. Anything else is
an error when the policy is compiled. Nothing is guessed when a request arrives.
"""

from adapter.policy.expression.expression import Expression, compile_expression
from adapter.policy.expression.values import Failed, Value

__all__ = ["Expression", "Failed", "Value", "compile_expression"]
