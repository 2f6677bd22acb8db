"""Contracts of client applications: how a Check finds one, and how it proves the client's secret.

`contract.py` is one contract, `contract_table.py` finds contracts by client id, and
`hashed_secret.py` compares a secret with its salted hash.

Everything in `adapter.policy` is immutable, with one exception: a contract has two memos. They are
here because an API may have a million contracts: a separate table would cost each Check another
access to memory that is in none of the processor's caches.

- `Contract._recognised` is `hash()` of the secret that was proven last. `Contract.is_proven_by`
  writes it after the salted hash has matched.
- `Contract.counter` is the counter of the contract's current quota window. The quota store in this
  process writes it (`quota/memory/windows.py`).

Why this is safe:

- A memo only saves work. Without it, `is_proven_by` hashes the secret again and the store looks the
  counter up; the result is the same. So contracts with different memos are equal.
- All writes happen in the event loop's thread, and each is one assignment.
- A changed contract is a new object, so a memo never outlives the secret that it belongs to. The
  store checks that a counter is the one that it looks for before it uses it.
- `_recognised` reveals no secret: it is a 64-bit number made with a key that only this process
  knows (docs/adr/0013-recognised-secrets.md). Where Python's
  `hash()` is not of that kind, nothing is kept.
"""
