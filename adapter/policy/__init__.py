"""The pure core: what a request may do, as functions of immutable values.

How a request becomes a decision, in reading order:

1. `bindings.py` finds out which API the request belongs to.
2. `snapshot.py` has all APIs, compiled. `compile.py` makes rules of the platform's policies
   (`catalog.py`), and `rule_pool.py` has equal policies share one rule.
3. `decide.py` asks the rules of the API one after the other. `evaluation.py` holds the request and
   what earlier policies established.
4. A rule (`rule.py`, made by a file in `policies/`) returns a verdict (`verdicts.py`), or an effect
   (`effects/`) if the verdict depends on the outside world, such as a counter.
5. The verdicts add up to a decision (`decision.py`): allowed, denied or answered.

Example: an API has `client-id-enforcement` and `rate-limiting`. The first rule returns an
`Identity`, the second a `Charge`. `decide` stops there with `Unsettled`. The authorizer asks the
quota store and passes its answer to `Unsettled.settle`, which returns `Allowed` or `Denied`.

`request/` says what a policy can see of a request, `contracts/` finds and proves client
applications, `expression/` compiles the expressions in configurations, and `bounded_patterns.py`
compiles the regular expressions.

Nothing here does I/O, reads a clock, uses randomness or logs. import-linter enforces that.
"""
