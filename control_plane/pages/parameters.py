"""The parameters in the URL of a page."""

from fastapi import Request

from control_plane.errors import Invalid
from control_plane.management.texts import CONTROL_CHARACTERS


def parameters(request: Request) -> dict[str, str]:
    """The last value of each parameter, without the blanks around it.

    Raise Invalid if one has control characters. Without them it would be another filter, and the
    page would show what nobody asked for.
    """
    given = {name: value.strip() for name, value in request.query_params.items()}
    for name, value in given.items():
        if CONTROL_CHARACTERS.search(name + value):
            raise Invalid(f"{name[:50]!r} has control characters: remove them from the address")
    return given
