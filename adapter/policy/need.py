"""What rules depend on outside this process."""

from collections.abc import Callable
from typing import TypeAlias


class Need:
    """Something that a rule cannot do without, such as an LDAP server.

    Each kind is a subclass, whose values describe what exactly is needed.
    """

    __slots__ = ()


NeedObjection: TypeAlias = Callable[[Need], str | None]
"""Says why something that a rule needs may not be used; None if it may be.

Example: the operator forbids the host of an LDAP server. Then the API of that policy is closed.
"""


def no_objection(_: Need) -> str | None:
    """Let rules use everything that they need."""
    return None
