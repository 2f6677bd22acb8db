"""Effects: what a policy asks of the outside world, and what it gets back.

A policy is a pure function, so it cannot count requests, wait or write a log. It returns an effect
instead. `adapter.authorization` has a port settle the effect and gives the outcome to the effect's
`settled`, which turns it into a verdict.

Example: `rate-limiting` returns a `Charge` of one window. The quota store finds no room and answers
`QuotaState(admitted=False, ...)`. The charge's `settled` turns that into `Deny(...)` with status
429.

A new kind of effect needs a subclass of `Effect` and one of `Outcome` here, an entry in `kinds.py`,
a port in `authorization/ports.py` and an entry in `authorization/effect_ports.py`.
"""
