"""Jinja2 templates: the environment, and what all templates can use."""

import hashlib
import json
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from control_plane.clock import iso
from control_plane.management.texts import visible

_FOLDER: Final = Path(__file__).parent
STATIC: Final = _FOLDER / "static"


class Column(NamedTuple):
    """A column of a table; in templates `column("Requests", sort="requests", number=True)`."""

    label: str
    sort: str = ""
    """The name of the column in the URL, if the list can be ordered by it."""
    number: bool = False
    hidden: bool = False
    """The label is for those who hear the page only, as of a column of buttons."""
    minor: bool = False
    """A narrow screen leaves it out. Its cells need the class `minor`, too."""


def render(template: str, **context: Any) -> str:
    """The page that the template makes of the context."""
    return environment().get_template(template).render(**context)


@cache
def environment() -> Environment:
    """Jinja2's environment. Everything is escaped, and an unknown name is an error."""
    made = Environment(
        loader=FileSystemLoader(_FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {"asset": asset_url, "column": Column}
    made.filters |= {
        "iso": iso,
        "utc": utc_text,
        "day": day_text,
        "pretty": pretty,
        "count": counted,
        "share": share,
        "period": period_text,
        "lower_first": lower_first,
        "visible": visible,
        "with_article": with_article,
    }
    return made


@cache
def asset_url(path: str) -> str:
    """The address of a static file; a changed file has a new one, so browsers may keep it."""
    digest = hashlib.sha256((STATIC / path).read_bytes()).hexdigest()[:12]
    return f"/static/{path}?v={digest}"


def utc_text(moment: datetime, *, exact: bool = False) -> str:
    """The moment as people read it, such as `28 Nov 2026, 06:15 UTC`; `exact` adds seconds."""
    seconds = f":{moment:%S}" if exact else ""
    return f"{moment.astimezone(UTC):%-d %b %Y, %H:%M}{seconds} UTC"


def day_text(moment: datetime) -> str:
    """The day of the moment, such as `28 Nov 2026`, in UTC."""
    return f"{moment.astimezone(UTC):%-d %b %Y}"


def pretty(value: Any) -> str:
    """A JSON value for people to read."""
    return value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)


def lower_first(text: str) -> str:
    """The text as it stands inside a sentence."""
    return text[:1].lower() + text[1:]


def with_article(text: str) -> str:
    """The thing with its article, such as `an origin group`."""
    return f"{'an' if text[:1] in 'aeiou' else 'a'} {text}"


def share(part: int, whole: int) -> str:
    """A part in percent, such as `0.4%`; a dash if there is no whole."""
    return f"{part / whole:.1%}" if whole else "-"


_UNITS: Final = (("day", 86_400_000), ("hour", 3_600_000), ("minute", 60_000), ("second", 1000))


def period_text(milliseconds: int) -> str:
    """A length of time, such as `hour`, `5 minutes` or `1,500 milliseconds`."""
    for unit, length in (*_UNITS, ("millisecond", 1)):
        if milliseconds % length == 0:
            number = milliseconds // length
            return unit if number == 1 else counted(number, unit)
    raise AssertionError("1 divides every number")


def counted(number: int, thing: str, things: str = "") -> str:
    """A number with its thing, such as `1 contract` or `1,204 requests`."""
    return f"{number:,} {thing if number == 1 else things or thing + 's'}"
