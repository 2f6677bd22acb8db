"""What all faults have in common."""

from typing import ClassVar

from chaos.site import Site


class Fault:
    """Something that goes wrong and is repaired again, while clients send requests."""

    name: ClassVar[str]
    """A few words for the table."""
    story: ClassVar[str]
    """Whole sentences for docs/chaos.md: what is done."""
    may_fail: ClassVar[str] = ""
    """A sentence that says why requests may fail. Empty: none may."""
    may_lose: ClassVar[str] = ""
    """A sentence that says why events may be lost. Empty: none may."""
    lasts: ClassVar[bool] = True
    """Whether the fault lasts until `heal`. Otherwise recovery begins right after `inject`."""

    async def inject(self, site: Site) -> None:
        """Make it happen."""
        raise NotImplementedError

    async def heal(self, site: Site) -> None:
        """Repair it. It is called even if `inject` failed. The default repairs nothing."""
