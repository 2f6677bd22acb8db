"""What an environment file may contain, and what is said about one that cannot be used."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from pydantic import BaseModel

from adapter.app.environment_file import environment_file
from adapter.app.platform import sync_options_of
from adapter.errors import EnvironmentFileError
from adapter.platform_client.environment_file.entries import (
    ApiEntry,
    ApplicationEntry,
    AutomatedPolicyEntry,
    ContractEntry,
    Entry,
    EnvironmentEntry,
    OwnPolicyEntry,
    TierEntry,
)
from adapter.platform_client.environment_file.source import EnvironmentFile
from adapter.policy.catalog import ApiInstance, Pointcut, RateLimit
from adapter.settings import IdentitySettings, PlatformSettings, RequestSettings
from control_plane.protocol import environment_file as control_plane

ASSET = {"groupId": "org.example", "assetId": "orders", "assetVersion": "1.0.0"}
SHOP = {"name": "Shop", "clientId": "shop", "clientSecret": "${SHOP_SECRET}"}
BLOCKLIST = {"assetId": "ip-blocklist", "configurationData": {"ips": ["192.0.2.1"]}}
UNSUPPORTED = (
    "this policy type is not supported; remove the policy, or add the type to "
    "platform.ignored_policy_types to leave it out"
)
Read: TypeAlias = Callable[..., EnvironmentFile]


@pytest.fixture(autouse=True)
def variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of the adapter."""
    monkeypatch.setenv("SHOP_SECRET", "s3cret")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the file is."""
    return tmp_path / "environment.yaml"


@pytest.fixture
def read(path: Path) -> Read:
    """Writes a file with these apis and other members, and reads it."""

    def read(*apis: object, settings: dict[str, Any] | None = None, **more: object) -> Any:
        content = {"version": 1, "apis": list(apis), **more}
        path.write_text(json.dumps(content, indent=1))  # which is YAML, too
        file = opened(path, **(settings or {}))
        file.read()
        return file

    return read


def opened(path: Path, **settings: Any) -> EnvironmentFile:
    """The file, with these settings of the group `platform`."""
    platform = PlatformSettings(file=path, **settings)
    options = sync_options_of(platform, RequestSettings(), IdentitySettings())
    return environment_file(platform, options)


def faults(read: Callable[[], object]) -> list[str]:
    """What is wrong with a file."""
    with pytest.raises(EnvironmentFileError) as error:
        read()
    return list(error.value.faults)


def faults_of(path: Path, text: str) -> list[str]:
    """What is wrong with this text."""
    path.write_text(text)
    return faults(opened(path).read)


def test_everything_in_a_file_arrives(read: Read) -> None:
    """Policies in their order, tiers, contracts with hashed secrets, automated policies."""
    tier = {
        "name": "Gold",
        "limits": [{"maximumRequests": 9, "timePeriodInMilliseconds": 1000, "visible": True}],
        "autoApprove": True,
    }
    api = {
        **ASSET,
        "id": 17,
        "description": "ours",
        "policies": [
            {**BLOCKLIST, "pointcutData": [{"methodRegex": "GET"}], "groupId": "g"},
            {"assetId": "ip-blocklist", "disabled": True, "configurationData": {"ips": ["***"]}},
            {"assetId": "client-id-enforcement"},
        ],
        "tiers": [tier],
        "contracts": [
            {"application": "Shop", "tier": "Gold"},
            {"clientId": "till", "status": "REVOKED"},
        ],
    }
    applications = [SHOP, {"name": "Till", "clientId": "till"}]
    content = read(api, applications=applications, automatedPolicies=[BLOCKLIST]).content
    assert list(content.apis) == ["17"]
    found = content.apis["17"]
    assert found.instance == ApiInstance("17", "orders", "1.0.0")
    assert [(p.policy_id, p.policy_type, p.order) for p in found.policies] == [
        ("1", "ip-blocklist", 0),
        ("1", "client-id-enforcement", 2),
    ]
    assert found.policies[0].pointcuts == (Pointcut("GET", ""),)
    assert found.tiers["Gold"].limits == (RateLimit(9, 1000),)
    (contract,) = found.contracts.values()
    assert (contract.client_id, contract.client_name, contract.tier_id) == ("shop", "Shop", "Gold")
    assert contract.is_proven_by("s3cret")
    assert not contract.is_proven_by("${SHOP_SECRET}")
    assert [(p.policy_id, p.automated) for p in content.automated] == [("automated-1", True)]


def test_a_contract_without_a_secret_proves_nothing(read: Read) -> None:
    """So a policy that checks secrets refuses its application."""
    api = {**ASSET, "contracts": [{"clientId": "shop"}]}
    file = read(api, applications=[{"name": "Shop", "clientId": "shop", "providerId": "idp"}])
    (contract,) = file.content.apis["1"].contracts.values()
    assert contract.secret is None
    assert not any(contract.is_proven_by(secret) for secret in ("", "None", "shop"))


def test_ids_that_are_left_out_follow_from_the_position(read: Read) -> None:
    """For all APIs or for none; while an adapter runs, no API may get the id of another one."""
    stock = {**ASSET, "assetId": "stock"}
    file = read(ASSET, stock)
    assert [api.instance.name for api in file.content.apis.values()] == ["orders", "stock"]
    file.path.write_text(json.dumps({"version": 1, "apis": [stock, ASSET]}))
    first, second = faults(file.read)
    assert "the id 1 was that of org.example/orders/1.0.0 and would become that of" in first
    assert "the id 2 was that of org.example/stock/1.0.0" in second
    file.path.write_text(json.dumps({"version": 1, "apis": [ASSET]}))
    file.read()
    file.path.write_text(json.dumps({"version": 1, "apis": [ASSET, {**stock, "assetId": "new"}]}))
    assert "the id 2 was that of org.example/stock/1.0.0" in faults(file.read)[0]
    assert faults(lambda: read(ASSET, {**stock, "id": 7})) == [
        "apis: give an id to all API instances or to none"
    ]


def test_only_the_apis_of_the_settings_are_enforced(read: Read) -> None:
    """One that is not there is an error, as a mistyped id would leave an API without policies."""
    apis = [{**ASSET, "id": 7}, {**ASSET, "id": 8, "assetId": "stock"}]
    assert list(read(*apis, settings={"apis": "8"}).content.apis) == ["8"]
    assert faults(lambda: read(*apis, settings={"apis": "7, 9"})) == [
        "apis: platform.apis names 9, and no API has this id"
    ]


def test_references_are_replaced_in_all_texts(read: Read, tmp_path: Path) -> None:
    """By variables and files; a relative path begins beside the environment file."""
    (tmp_path / "secret").write_text("from a file\r\n")
    headers = [
        {"key": "a", "value": "b ${SHOP_SECRET} ${file:secret}"},
        {"key": "literal", "value": "$${SHOP_SECRET}"},
        {"key": "whole", "value": "${SHOP_SECRET}"},
    ]
    policy = {"assetId": "header-injection", "configurationData": {"inboundHeaders": headers}}
    (found,) = read({**ASSET, "policies": [policy]}).content.apis["1"].policies
    values = [header["value"] for header in found.configuration["inboundHeaders"]]
    assert values == ["b s3cret from a file", "${SHOP_SECRET}", "s3cret"]
    assert {type(value) for value in values} == {str}


REFERENCES = {
    "${MISSING}": "line 14: the environment variable MISSING is not set",
    "${file:missing}": "line 14: cannot read {}/missing: No such file or directory",
    "${file:binary}": "line 14: {}/binary is not UTF-8 text",
    "${file:long}": "line 14: {}/long is longer than 64 KiB",
    "${a b}": "line 14: a reference is neither ${{NAME}} nor ${{file:PATH}}; for a literal ${{ "
    "write $${{",
    "${SHOP_SECRET": "line 14: a reference has no end; write ${{NAME}}, or $${{ for a literal ${{",
}


@pytest.mark.parametrize("reference", REFERENCES)
def test_a_reference_that_leads_nowhere_is_named(
    read: Read, tmp_path: Path, reference: str
) -> None:
    """With the line and the reason, and nothing else is said about its place."""
    (tmp_path / "binary").write_bytes(b"\xff")
    (tmp_path / "long").write_text("x" * 65537)
    application = {"name": "Shop", "clientId": "shop", "clientSecret": reference}
    said = faults(lambda: read(ASSET, applications=[application]))
    assert said == [REFERENCES[reference].format(tmp_path)]


def test_all_faults_are_said_at_once(read: Read) -> None:
    """In every part of the file, each with its line if the part is a group, and with the fix."""
    broken = {
        **ASSET,
        "assetVersion": 1.0,
        "polices": [],
        "policies": [
            {"assetId": "rate-limitng"},
            {"assetId": "cors", "pointcutData": [{"method": "GET"}]},
            {**BLOCKLIST, "id": 1},
            {**BLOCKLIST, "id": 1},
            {
                "assetId": "basic-authentication-simple",
                "configurationData": {"username": "a", "password": "****"},
            },
        ],
        "tiers": [{"name": "Gold", "limits": [{}]}, {"name": "Gold", "limits": []}, {}],
        "contracts": [
            {"application": "Nobody"},
            {"clientId": "nobody"},
            {"application": "Shop", "clientId": "shop"},
            {"application": "Twin"},
            {"application": "Nameless"},
            {"application": "Shop", "tier": "Silver"},
            {"application": "Shop"},
            {"application": "Shop", "state": "APPROVED"},
        ],
    }
    applications = [
        {**SHOP, "clientSecret": "in clear text"},
        SHOP,
        {"name": "Nameless"},
        {"name": "Twin"},
        {"name": "Twin"},
        {**SHOP, "name": "Other"},
        5,
    ]
    automated = [{"assetId": "message-loging"}]
    said = faults(
        lambda: read(broken, ASSET, 7, applications=applications, automatedPolicies=automated)
    )
    assert [line.partition(": ")[2] if line.startswith("line") else line for line in said] == [
        "applications.0.clientSecret: must be one reference and nothing else, such as "
        "${SHOP_SECRET} or ${file:/run/secrets/shop}, so that no secret is in the file",
        "applications.5.clientId: another application has it, too",
        "applications.6: must be a group of named values",
        "apis.0.assetVersion: must be text; write it in quotes",
        "apis.0.polices: unknown member; did you mean policies?",
        "apis.0.tiers.1.name: another tier of this API has this name",
        "apis.0.tiers.2.name: is missing",
        "apis.0.tiers.2.limits: is missing",
        "apis.0.tiers: SLA tier Gold: limits.0.maximumRequests: is missing; "
        "limits.0.timePeriodInMilliseconds: is missing",
        "apis.0.policies.1.pointcutData.0.method: unknown member; did you mean methodRegex?",
        "apis.0.policies.3.id: another policy of this type has the id 1",
        "apis.0.policies.4.configurationData.password: is a mask; write a reference to the "
        "value, such as ${NAME} or ${file:PATH}",
        "apis.0.contracts.0: no application is called 'Nobody'",
        "apis.0.contracts.1: no application has the clientId 'nobody'",
        "apis.0.contracts.2: give either the application's name (application) or its clientId",
        "apis.0.contracts.3: several applications are called 'Twin'; give the clientId",
        "apis.0.contracts.4: application 'Nameless' has no clientId, by which requests name it",
        "apis.0.contracts.5: the API has no tier 'Silver'",
        "apis.0.contracts.6: application 'Shop' has another contract for this API",
        "apis.0.contracts.7.state: unknown member; did you mean status?",
        "apis.2: must be a group of named values",
        f"automatedPolicies: policy automated-1 (message-loging): {UNSUPPORTED}",
        f"apis.0 (API 1): policy 1 (rate-limitng): {UNSUPPORTED}",
    ]
    assert "in clear text" not in "".join(said)


def test_many_faults_are_cut_off(read: Read) -> None:
    """Fifty show what is wrong."""
    said = faults(lambda: read(*range(60)))
    assert (len(said), said[-1]) == (51, "and 10 more")


YAML_FAULTS = {
    "": "the file: must be a group of named values",
    "version: 1\napis: [": "line 3: it is not YAML: did not find expected node content",
    "version: 1\n\x01": "it is not YAML: it contains control characters",
    "version: 1\nversion: 1": "line 2: 'version' occurs twice in one group",
    "a: &x 1": "line 1: anchors and aliases are not supported; repeat the value",
    "a: *x": "line 1: anchors and aliases are not supported; repeat the value",
    "a:\n  <<: {}": "line 2: merge keys are not supported; repeat the members",
    "a: !!python/object/apply:os.system [x]": "line 1: tags are not supported; remove it",
    "[1]: 2": "line 1: the name of a member must be a text",
    "a: 1e999": "line 1: the number is too large",
    "version: 1\n---\nversion: 1": "line 2: a second document begins; write one document",
    "a: " + "[" * 90 + "]" * 90: "line 1: the file has too many or too deeply nested values",
    "version: 2": "line 1: version: must be 1",
    "version: !!int 1": "line 1: tags are not supported; remove it",
    "[]": "the file: must be a group of named values",
    "version: [1]": "line 1: version: must be 1",
    "version: 1\napis:\n- {groupId: [g], assetId: a, assetVersion: v}": (
        "line 3: apis.0.groupId: must be text; write it in quotes"
    ),
    "version: 1\napis:\n- {groupId: g, assetId: a, assetVersion: v, policies: }": (
        "line 3: apis.0.policies: must be a list"
    ),
    "version: 1\napis:": "line 1: apis: must be a list",
}


@pytest.mark.parametrize("text", YAML_FAULTS, ids=range(len(YAML_FAULTS)))
def test_a_text_that_is_no_environment_file(path: Path, text: str) -> None:
    """One line says what it is, and where."""
    assert faults_of(path, text) == [YAML_FAULTS[text]]


def test_plain_scalars_are_what_json_would_read(path: Path) -> None:
    """Everything else is text, also what YAML reads as false, an octal number or a date."""
    scalars = "no, 0123, 2024-01-31, 1.5, -2, true, null, '5', 1_000, .5"
    path.write_text(
        f"version: 1\napis:\n- groupId: g\n  assetId: a\n  assetVersion: '1'\n  endpoint: {{}}\n"
        f"  policies:\n  - assetId: unknown\n    configurationData: {{values: [{scalars}]}}\n"
    )
    file = opened(path, ignored_policy_types="unknown")
    file.read()
    (policy,) = file.content.apis["1"].policies
    expected = ["no", "0123", "2024-01-31", 1.5, -2, True, None, "5", "1_000", ".5"]
    assert policy.configuration["values"] == expected


def test_a_file_that_cannot_be_read_is_named(path: Path) -> None:
    """Missing, a directory, too long, no text; a pipe, whose writer nobody waits for."""
    assert faults(opened(path).read) == [f"cannot read {path}: No such file or directory"]
    assert faults(opened(path.parent).read) == [f"cannot read {path.parent}: Is a directory"]
    os.mkfifo(path)
    assert faults(opened(path).read) == [f"{path} is not a regular file"]
    path.unlink()
    path.write_bytes(b"\xff")
    assert faults(opened(path).read) == [f"{path} is not UTF-8 text"]
    with path.open("wb") as file:
        file.truncate(64 * 1024 * 1024 + 1)
    assert faults(opened(path).read) == [f"{path} is longer than 64 MiB"]


PAGE = Path(__file__).parents[3] / "docs" / "environment-file.md"
KINDS: dict[type[Entry], type[BaseModel]] = {
    EnvironmentEntry: control_plane.EnvironmentFile,
    ApiEntry: control_plane.ApiItem,
    OwnPolicyEntry: control_plane.OwnPolicyItem,
    AutomatedPolicyEntry: control_plane.AutomatedPolicyItem,
    TierEntry: control_plane.TierItem,
    ContractEntry: control_plane.ContractItem,
    ApplicationEntry: control_plane.ApplicationItem,
}


@pytest.mark.parametrize("ours", KINDS, ids=lambda kind: kind.__name__)
def test_the_control_plane_knows_the_same_members(ours: type[Entry]) -> None:
    """So a file that one of both writes or accepts is not refused by the other."""
    assert set(members(ours)) == set(members(KINDS[ours]))


def members(model: type[BaseModel]) -> Iterator[str]:
    """The names of a model's members in files."""
    for name, field in model.model_fields.items():
        yield field.alias or name


def test_the_example_of_the_page_is_good(path: Path) -> None:
    """The adapter enforces it."""
    path.write_text(PAGE.read_text().partition("```yaml\n")[2].partition("```")[0])
    file = opened(path)
    file.read()
    assert len(file.content.apis["1"].contracts) == 1
