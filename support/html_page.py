"""Reads the links and forms of an HTML page, as a browser without scripts uses them."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

_Attributes = list[tuple[str, str | None]]


@dataclass(slots=True)
class Labelled:
    """A link or a button, with the text on it."""

    words: list[str] = field(default_factory=list)
    path: str = ""
    """Where a link leads to."""
    fields: dict[str, str] = field(default_factory=dict)
    """What a button adds to its form."""

    @property
    def label(self) -> str:
        """The text on it, on one line."""
        return " ".join("".join(self.words).split())


@dataclass(slots=True)
class HtmlForm:
    """A form, with the fields that are sent if nobody changes them."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[Labelled] = field(default_factory=list)


class HtmlPage(HTMLParser):
    """A page; `forms` are those that are sent by POST."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text
        self.forms: list[HtmlForm] = []
        self._links: list[Labelled] = []
        self._form: HtmlForm | None = None
        self._words: list[str] = []
        self._field = ""
        self.feed(text)

    def link(self, label: str) -> str:
        """Where the first link with this text leads to; raise LookupError if there is none."""
        for found in self._links:
            if found.label == label:
                return found.path
        raise LookupError(f"no link {label!r}; there are {[each.label for each in self._links]}")

    def filled(self, button: str, typed: dict[str, str]) -> HtmlForm:
        """The form with this button pressed and these fields filled in; raise LookupError."""
        for form in self.forms:
            for found in form.buttons:
                if found.label == button:
                    return HtmlForm(form.action, form.fields | typed | found.fields)
        labels = [found.label for form in self.forms for found in form.buttons]
        raise LookupError(f"no button {button!r}; there are {labels}")

    def handle_starttag(self, tag: str, attrs: _Attributes) -> None:
        """See `HTMLParser`."""
        found = {name: value or "" for name, value in attrs}
        if tag == "a":
            self._links.append(Labelled(path=found.get("href", "")))
            self._words = self._links[-1].words
        elif tag == "form" and found.get("method") == "post":
            self._form = HtmlForm(found["action"])
            self.forms.append(self._form)
        elif self._form is not None:
            self._start_control(self._form, tag, found)

    def _start_control(self, form: HtmlForm, tag: str, found: dict[str, str]) -> None:
        name, value = found.get("name", ""), found.get("value", "")
        if tag == "button":
            form.buttons.append(Labelled(fields={name: value} if name else {}))
            self._words = form.buttons[-1].words
        elif tag in ("select", "textarea"):
            self._field, self._words = name, []
        elif tag == "option" and (self._field not in form.fields or "selected" in found):
            form.fields[self._field] = value
        elif tag == "input" and (found.get("type") != "checkbox" or "checked" in found):
            form.fields[name] = value

    def handle_data(self, data: str) -> None:
        """See `HTMLParser`."""
        self._words.append(data)

    def handle_endtag(self, tag: str) -> None:
        """See `HTMLParser`."""
        if tag == "textarea" and self._form is not None:
            self._form.fields[self._field] = "".join(self._words).removeprefix("\n")
        if tag == "form":
            self._form = None
        if tag in ("a", "button"):
            self._words = []
