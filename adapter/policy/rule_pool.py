"""Rules that many APIs share: each configuration is compiled once, and kept while it is in use.

Example: a thousand APIs have the same two policies. Then there are two rules and one chain, not two
thousand rules and a thousand chains. This saves memory, and the rules that Checks read stay in the
processor's caches.
"""

from collections.abc import Callable, Iterable
from typing import Final
from weakref import WeakValueDictionary

from adapter.policy.rule import Rule


class SharedRule:
    """Holds a rule for a `RulePool`, because a compiled `Rule` cannot be referenced weakly."""

    __slots__ = ("__weakref__", "rule")

    def __init__(self, rule: Rule) -> None:
        self.rule: Final = rule


class RuleChain:
    """The rules of an API's policies, in the order in which a Check asks them."""

    __slots__ = ("__weakref__", "_shared", "rules")

    def __init__(self, shared: Iterable[SharedRule]) -> None:
        self._shared: Final = tuple(shared)
        """Keeps them in the pool."""
        self.rules: Final = tuple([each.rule for each in self._shared])


class RulePool:
    """The rules and chains that are in use, each once.

    The pool holds weak references only: what no API uses any more is gone.
    """

    def __init__(self) -> None:
        self.rules: WeakValueDictionary[bytes, SharedRule] = WeakValueDictionary()
        self.chains: WeakValueDictionary[tuple[SharedRule, ...], RuleChain] = WeakValueDictionary()

    def rule(self, key: bytes, compiled: Callable[[], Rule]) -> SharedRule:
        """The rule with that key; `compiled` makes it if no policy has it yet."""
        shared = self.rules.get(key)
        if shared is None:
            shared = self.rules[key] = SharedRule(compiled())
        return shared

    def chain(self, shared: Iterable[SharedRule]) -> RuleChain:
        """The chain of these rules, in this order."""
        key = tuple(shared)
        chain = self.chains.get(key)
        if chain is None:
            chain = self.chains[key] = RuleChain(key)
        return chain
