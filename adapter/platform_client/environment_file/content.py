"""From the values of an environment file to our catalog, or to everything that is wrong with it.

A file counts as a whole. A policy that cannot be enforced closes its API if it comes from a
platform, which has applied it already. Here it makes the file unusable (docs/adr/0035).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from adapter.platform_client.environment_file.applications import Applications
from adapter.platform_client.environment_file.contracts import contracts_of_api
from adapter.platform_client.environment_file.entries import ApiEntry, EnvironmentEntry, TierEntry
from adapter.platform_client.environment_file.policies import automated_policies, own_policies
from adapter.platform_client.environment_file.reading import Reading
from adapter.platform_client.protocol.translate import tiers_from
from adapter.policy.catalog import ApiContent, ApiInstance, AppliedPolicy, SlaTier
from adapter.policy.contracts.contract import Contract
from adapter.policy.snapshot import Api


class FileContent(NamedTuple):
    """What an environment file says."""

    automated: tuple[AppliedPolicy, ...]
    apis: Mapping[str, ApiContent]
    """By id, without the automated policies."""
    assets: Mapping[str, str]
    """The asset of each API whose id is its position in the file, now or in an earlier reading."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingRules:
    """How a file is read."""

    apis: tuple[str, ...] | None
    """Ids of the API instances to enforce; None: all of the file."""
    salt: str
    """Hashed with each client secret. The same for each reading, so that contracts stay equal."""
    compile_api: Callable[[ApiContent], Api]
    """To find policies that cannot be enforced."""


class ContentReader:
    """Reads the values of a file, and collects what is wrong."""

    def __init__(self, rules: ReadingRules, before: FileContent, reading: Reading) -> None:
        self._rules = rules
        self._before = before
        self._reading = reading
        self._faults = reading.faults
        self._places: dict[str, str] = {}
        """Where each API is in the file."""

    def read(self, values: object) -> FileContent:
        """The content. If there are faults, parts of it are missing."""
        whole = self._reading.entry(EnvironmentEntry, values, "")
        if whole is None:
            return FileContent((), {}, {})
        applications = Applications(whole.applications, self._reading)
        automated = automated_policies(whole.automated_policies, self._reading)
        apis: dict[str, ApiContent] = {}
        assets: dict[str, str] = {}
        for number, row in enumerate(whole.apis):
            place = f"apis.{number}"
            entry = self._reading.entry(ApiEntry, row, place)
            if entry is None:
                continue
            api_id = str(entry.id or number + 1)
            if api_id in apis:
                self._faults.add(f"{place}.id", f"another API instance has the id {api_id}", row)
            self._places[api_id] = place
            apis[api_id] = self._api(api_id, place, entry, applications)
            if entry.id is None:
                assets[api_id] = _asset(entry)
        self._check_ids(apis, assets)
        self._check_policies(automated, apis)
        wanted = self._rules.apis
        if wanted is not None:
            apis = {i: content for i, content in apis.items() if i in wanted}
        return FileContent(automated, apis, {**self._before.assets, **assets})

    def _api(
        self, api_id: str, place: str, entry: ApiEntry, applications: Applications
    ) -> ApiContent:
        tiers = self._tiers(f"{place}.tiers", entry)
        return ApiContent(
            instance=ApiInstance(api_id, entry.asset_id, entry.asset_version),
            policies=own_policies(entry.policies, f"{place}.policies", self._reading),
            tiers=tiers,
            contracts=contracts_of_api(
                entry.contracts,
                f"{place}.contracts",
                applications,
                tiers,
                self._known(api_id),
                self._reading,
            ),
        )

    def _known(self, api_id: str) -> Mapping[str, Contract]:
        before = self._before.apis.get(api_id)
        return {} if before is None else before.contracts

    def _tiers(self, place: str, entry: ApiEntry) -> dict[str, SlaTier]:
        documents, names = [], set[str]()
        for number, row in enumerate(entry.tiers):
            here = f"{place}.{number}"
            tier = self._reading.entry(TierEntry, row, here)
            if tier is None:
                continue
            if tier.name in names:
                self._faults.add(f"{here}.name", "another tier of this API has this name", row)
            names.add(tier.name)
            documents.append({"id": tier.name, "name": tier.name, "limits": tier.limits})
        return tiers_from(documents, lambda why: self._faults.add(place, why))

    def _check_ids(self, apis: Mapping[str, ApiContent], assets: Mapping[str, str]) -> None:
        if assets and len(assets) < len(apis):
            self._faults.add("apis", "give an id to all API instances or to none")
        for api_id, asset in assets.items():
            before = self._before.assets.get(api_id, asset)
            if before != asset:
                self._faults.add(
                    "apis",
                    f"the id {api_id} was that of {before} and would become that of {asset}, "
                    "because ids follow from positions; give an id to each API instance, or put "
                    "new ones at the end and restart the adapter",
                )
        for api_id in self._rules.apis or ():
            if api_id not in apis:
                self._faults.add("apis", f"platform.apis names {api_id}, and no API has this id")

    def _check_policies(
        self, automated: tuple[AppliedPolicy, ...], apis: Mapping[str, ApiContent]
    ) -> None:
        everywhere = ApiContent(ApiInstance("", ""), automated)
        said = set(self._rules.compile_api(everywhere).faults)
        for fault in said:
            self._faults.add("automatedPolicies", fault)
        for api_id, content in apis.items():
            # Without contracts, whose faults are known already: there may be very many.
            whole = replace(content, policies=automated + content.policies, contracts={})
            for fault in self._rules.compile_api(whole).faults:
                if fault not in said:
                    self._faults.add(f"{self._places[api_id]} (API {api_id})", fault)


def _asset(entry: ApiEntry) -> str:
    """What an instance is found by, without an id (docs/environment-file.md)."""
    return "/".join((entry.group_id, entry.asset_id, entry.instance_label or entry.asset_version))
