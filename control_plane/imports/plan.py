"""Decides what of a source is imported, and says so for each thing.

An API must not become more open than it was. So an API instance is refused if one of its policies
is refused. Every API instance is refused if an automated policy is, or if it is not known what a
policy protects.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias

from control_plane.imports.source import Part, Source, SourceApi
from control_plane.management.environment_file.export import VERSION

Document: TypeAlias = dict[str, Any]
"""The content of an environment file."""

FaultsOf: TypeAlias = Callable[[str, Mapping[str, Any]], Sequence[str]]
"""What is wrong with a thing of a list of an environment file, such as `tiers`."""

Clients: TypeAlias = frozenset[tuple[str, str]]
"""How contracts may name the applications: by (`application`, a name) or (`clientId`, an id)."""


class Status(StrEnum):
    """What becomes of a thing."""

    EXACT = "exact"
    APPROXIMATED = "approximated"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Finding:
    """What becomes of one thing, and why."""

    kind: str
    name: str
    status: Status
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to apply, and what to tell the admin."""

    document: Document = field(repr=False)
    findings: tuple[Finding, ...]

    @property
    def refused(self) -> int:
        """How many things are refused."""
        return sum(finding.status is Status.REFUSED for finding in self.findings)


def make_plan(source: Source, faults_of: FaultsOf, *, allow_open: bool = False) -> Plan:
    """Decide about everything in the source.

    `allow_open` imports API instances without their refused policies.
    """
    maker = _Maker(faults_of, allow_open=allow_open)
    automated = maker.parts("automatedPolicies", "automated policy", source.automated_policies)
    applications = maker.parts("applications", "application", source.applications)
    maker.refuse("policy", source.unread_policies)
    is_open = not allow_open and (
        bool(source.unread_policies)
        or maker.has_refused_policy("automatedPolicies", source.automated_policies)
    )
    reason = "a policy that may protect it is refused, and the API would be open without it"
    clients = _clients(applications)
    apis = [maker.api(api, clients, reason if is_open else "") for api in source.apis]
    maker.refuse("other", source.others)
    document = {
        "version": VERSION,
        "apis": [api for api in apis if api is not None],
        "applications": applications,
        "automatedPolicies": automated,
    }
    return Plan({name: part for name, part in document.items() if part}, tuple(maker.findings))


class _Maker:
    """Judges parts and collects the findings, in the order of the source."""

    def __init__(self, faults_of: FaultsOf, *, allow_open: bool) -> None:
        self._faults_of = faults_of
        self._allow_open = allow_open
        self.findings: list[Finding] = []

    def refuse(self, kind: str, parts: Iterable[Part]) -> None:
        """Name parts that have no place in an environment file."""
        for part in parts:
            self._accepts(kind, part, part.refusal)

    def parts(
        self, place: str, kind: str, parts: Iterable[Part], inherited: str = ""
    ) -> list[Document]:
        """The members of those that are not refused. `inherited` refuses all."""
        return [
            dict(part.members)
            for part in parts
            if self._accepts(kind, part, self._refusal(place, part) or inherited)
        ]

    def has_refused_policy(self, place: str, parts: Iterable[Part]) -> bool:
        """Whether one that is in force is refused."""
        return any(
            self._refusal(place, part) and not part.members.get("disabled") for part in parts
        )

    def api(self, api: SourceApi, clients: Clients, refusal: str) -> Document | None:
        """The members of an API instance with its content, or None if it is refused."""
        refusal = self._refusal("apis", api) or refusal
        if not (refusal or self._allow_open) and self.has_refused_policy("policies", api.policies):
            refusal = "one of its policies is refused, and the API would be open without it"
        is_accepted = self._accepts("API instance", api, refusal)
        inherited = "" if is_accepted else "its API instance is refused"
        tiers = self.parts("tiers", f"SLA tier of {api.name}", api.tiers, inherited)
        names = {tier["name"] for tier in tiers}
        kind = f"policy of {api.name}"
        content = {
            "policies": self.parts("policies", kind, api.policies, inherited),
            "tiers": tiers,
            "contracts": self._contracts(api, clients, names, inherited),
        }
        if not is_accepted:
            return None
        return {**api.members, **{name: rows for name, rows in content.items() if rows}}

    def _contracts(
        self, api: SourceApi, clients: Clients, tiers: Collection[str], inherited: str
    ) -> list[Document]:
        kind = f"contract of {api.name}"
        accepted: list[Document] = []
        for contract in api.contracts:
            missing = inherited or _missing(contract.members, clients, tiers)
            accepted += self.parts("contracts", kind, [contract], missing)
        return accepted

    def _refusal(self, place: str, part: Part) -> str:
        return part.refusal or "; ".join(self._faults_of(place, part.members))

    def _accepts(self, kind: str, part: Part, refusal: str) -> bool:
        if refusal:
            self.findings.append(Finding(kind, part.name, Status.REFUSED, refusal))
            return False
        status = Status.APPROXIMATED if part.notes else Status.EXACT
        self.findings.append(Finding(kind, part.name, status, "; ".join(part.notes)))
        return True


def _clients(applications: Iterable[Document]) -> Clients:
    return frozenset(
        (member, application[name])
        for application in applications
        for member, name in (("application", "name"), ("clientId", "clientId"))
        if name in application
    )


def _missing(contract: Mapping[str, Any], clients: Clients, tiers: Collection[str]) -> str:
    """What a contract refers to and is not imported."""
    if not any((member, contract.get(member)) in clients for member in ("clientId", "application")):
        return "its application is not imported"
    for member in ("tier", "requestedTier"):
        if (name := contract.get(member)) is not None and name not in tiers:
            return f"its SLA tier {name!r} is not imported"
    return ""
