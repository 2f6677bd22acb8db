"""Editing a policy: the form, JSON, the tester, and the review before anything is saved.

An API instance's policies and automated policies use it. A page makes an `Editing`, shows it, and
answers its form:

    response = answer(visit, editing, form)
    if response is not None:
        return response
    ...  # save editing.posted(form).draft

The form's buttons are named `do`. Only `save` of a policy without faults gets through.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any, NamedTuple

from fastapi.responses import Response

from control_plane.management.policy_checks.checks import Fault, Findings
from control_plane.pages.forms import Fields, InvalidForm, Posted
from control_plane.pages.navigation import Link
from control_plane.pages.policies.draft import CONFIGURATION, JSON, POINTCUT, Draft
from control_plane.pages.policies.reading import changes
from control_plane.pages.policies.schema_form import errors_at, labels_of
from control_plane.pages.visit import Visit


class Tested(NamedTuple):
    """Whether a policy applies to a request."""

    word: str
    kind: str
    """Of the badge that shows the word."""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Editing:
    """One policy that is edited."""

    title: str
    draft: Draft
    path: str
    """Where the form is sent to."""
    cancel: str
    """Where to go without a change."""
    version: str = ""
    """Of what is stored; empty for a new policy."""
    newest: str = ""
    """For a new policy: the newest one when the form was opened (`twins.twin`)."""
    is_second: bool = False
    """Whether the API instance has a policy of this type already. The review asks about it."""
    notes: Sequence[str] = ()
    """What saving means, for the review: such as other policies that it overrides."""
    tabs: Sequence[Link] = ()

    @property
    def is_new(self) -> bool:
        """Whether the policy is not stored yet."""
        return not self.version

    def posted(self, form: Posted) -> "Editing":
        """What somebody sent, with the version that this was made from."""
        version, newest = form.text("version"), form.text("newest")
        return replace(self, draft=self.draft.posted(form), version=version, newest=newest)


def show(
    visit: Visit,
    editing: Editing,
    status: int = HTTPStatus.OK,
    errors: Mapping[str, str] | None = None,
    **context: Any,
) -> Response:
    """The page with the form."""
    draft = editing.draft
    return visit.page(
        "policies/edit.html",
        status,
        restorable=True,
        editing=editing,
        draft=draft,
        description=(draft.schema or {}).get("description", ""),
        errors=errors or {},
        labels=_labels(draft),
        can_test=visit.services.policy_checks.match is not None,
        **({"tested": None, "added": ""} | context),
    )


def _labels(draft: Draft) -> dict[str, str]:
    found = labels_of(draft.pointcuts) | {JSON: "Configuration"}
    return found | ({} if draft.settings is None else labels_of(draft.settings))


def answer(visit: Visit, editing: Editing, form: Posted) -> Response | None:
    """The answer to the form; None if the policy has no faults and is to be saved."""
    posted = editing.posted(form)
    action, _, path = form.text("do").partition(" ")
    try:
        form.checked(Fields)
        if action == "test":
            return show(visit, posted, tested=_tested(visit, posted.draft, form))
        if action in ("add", "remove", "json", "form", "edit"):
            return _edited(visit, posted, action, path)
        findings = _findings(visit, posted.draft)
    except InvalidForm as error:
        return show(visit, posted, HTTPStatus.BAD_REQUEST, _at_places(posted.draft, error.errors))
    if findings.faults:
        faults = {fault.field: fault.message for fault in findings.faults}
        return show(visit, posted, HTTPStatus.BAD_REQUEST, _at_places(posted.draft, faults))
    return None if action == "save" else _review(visit, posted, form, findings)


def _edited(visit: Visit, posted: Editing, action: str, path: str) -> Response:
    draft, added = posted.draft, ""
    if action == "add":
        draft = draft.with_row(path)
        added = path
    elif action == "remove":
        draft = draft.without_row(path)
    elif action in ("json", "form"):
        if action == "form":
            _require_shape(visit, draft)
        draft = draft.showing(draft.configuration(), as_json=action == "json")
    if not draft.is_json and not draft.has_form:
        draft = draft.showing(draft.configuration(), as_json=True)
    return show(visit, replace(posted, draft=draft), added=added)


def _require_shape(visit: Visit, draft: Draft) -> None:
    """Raise InvalidForm for JSON of which the form would lose something."""
    faults = _findings(visit, draft).faults
    errors = {
        fault.field: fault.message for fault in faults if not fault.field.startswith(POINTCUT)
    }
    if errors:
        raise InvalidForm(errors)


def _findings(visit: Visit, draft: Draft) -> Findings:
    """What is wrong with the policy. A type that only other gateways know is not checked."""
    checks, configuration = visit.services.policy_checks, draft.configuration()
    found = checks.findings(draft.asset_id, configuration, draft.pointcut())
    faults = [fault for fault in found.faults if draft.schema is not None or not _is_type(fault)]
    return found._replace(faults=faults)


def _is_type(fault: Fault) -> bool:
    return fault.field == "assetId"


def _at_places(draft: Draft, errors: Mapping[str, str]) -> dict[str, str]:
    """Errors by the place of the form that shows them."""
    scope = [(path, text) for path, text in errors.items() if path.startswith(POINTCUT)]
    inner = [(path, text) for path, text in errors.items() if path.startswith(CONFIGURATION)]
    found = {path: text for path, text in errors.items() if (path, text) not in scope + inner}
    found |= errors_at(draft.pointcuts, scope)
    if inner and (draft.is_json or draft.settings is None):
        lines = [f"{path.partition('.')[2] or 'configuration'}: {text}" for path, text in inner]
        return found | {JSON: "\n".join(lines)}
    return found | ({} if draft.settings is None else errors_at(draft.settings, inner))


def _tested(visit: Visit, draft: Draft, form: Posted) -> Tested:
    """Whether the policy would apply to a request."""
    return tested(visit, draft.pointcut(), form.text("test_method"), form.text("test_path"))


def tested(
    visit: Visit, pointcut: Sequence[Mapping[str, str]] | None, method: str, path: str
) -> Tested:
    """Whether a policy with this pointcut applies to a request, by the gateway's own rule."""
    match = visit.services.policy_checks.match
    if match is None:
        return Tested("unknown", "off", "Install the adapter's package here to test scopes.")
    found = match(pointcut, method.strip() or "GET", path.strip() or "/")
    if found["faults"]:
        raise InvalidForm({fault["field"]: fault["message"] for fault in found["faults"]})
    if found["refused"]:
        return Tested("refused", "bad", f"Before any policy is asked: {found['refused']}.")
    if not found["applies"]:
        return Tested("does not apply", "off")
    number = found["pointcut"]
    return Tested("applies", "good", "" if number is None else f"By pointcut {number + 1}.")


def _review(visit: Visit, posted: Editing, form: Posted, findings: Findings) -> Response:
    """The page that shows the change before it is saved."""
    draft = posted.draft
    before, after = changes(draft)
    fields = [
        (name, value)
        for name, values in form.fields.items()
        if name not in ("do", "second", "version")
        for value in values
    ]
    return visit.page(
        "policies/review.html",
        editing=posted,
        before={} if posted.is_new else before,
        after=after,
        warnings=findings.warnings,
        fields=fields,
    )
