"""Environments for tests: any that files can describe."""

from typing import Any

from hypothesis import strategies as st

from control_plane.management.environment_file.content import Content
from control_plane.protocol.environment_file import EnvironmentFile

Document = dict[str, Any]

LIMITS = [{"maximumRequests": 5, "timePeriodInMilliseconds": 1000}]

ROUTING = [
    {
        "label": "main",
        "rules": {"methods": "GET"},
        "upstreams": [
            {"uri": "http://u:hush@a.test", "label": "blue", "weight": 90},
            {"uri": "http://b.test", "tlsContext": {"secretGroupId": "x"}, "weight": 10},
        ],
    },
    {"upstreams": []},
]

_NAMES = st.sampled_from(["a", "b", "é", "1.0", "yes", "***"])
_PROSE = _NAMES | st.just("see https://ann:ann@a.test")
_TIERS = st.sampled_from(["Gold", "Silver", "~"])
_APPLICATIONS = [{"name": f"app {n}", "clientId": f"client-{n}"} for n in range(3)]


def content_of(document: Document) -> Content:
    """What a document says."""
    return EnvironmentFile.model_validate(document).content()


def without_none(members: Document) -> Document:
    """A document without members that are left out."""
    return {name: value for name, value in members.items() if value is not None}


def _maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


def _policies() -> st.SearchStrategy[list[Document]]:
    rate = st.integers(1, 9).map(
        lambda number: {
            "assetId": "rate-limiting",
            "configurationData": {
                "rateLimits": [{"maximumRequests": number, "timePeriodInMilliseconds": 1000}]
            },
        }
    )
    injection = st.sampled_from(["#['hush']", "${x} or $${y}"]).map(
        lambda password: {
            "assetId": "credential-injection-basic-auth",
            "configurationData": {"username": "u", "password": password, "overwrite": False},
        }
    )
    cors = st.just({"assetId": "cors", "configurationData": {"publicResource": True}})
    more = st.fixed_dictionaries(
        {},
        optional={
            "disabled": st.just(True),
            "pointcutData": st.just([{"methodRegex": "GET", "uriTemplateRegex": "/a.*"}]),
            "policyTemplateId": st.just("7"),
        },
    )
    policy = st.tuples(rate | injection | cors, more).map(lambda parts: parts[0] | parts[1])
    return st.lists(policy, max_size=4)


def _tiers() -> st.SearchStrategy[list[Document]]:
    tier = st.fixed_dictionaries(
        {"name": _TIERS, "limits": st.just(LIMITS)},
        optional={
            "autoApprove": st.booleans(),
            "status": st.sampled_from(["ACTIVE", "DEPRECATED"]),
            "description": _PROSE,
        },
    )
    return st.lists(tier, max_size=3, unique_by=lambda each: each["name"])


@st.composite
def _contracts(draw: st.DrawFn, tiers: list[Document]) -> list[Document]:
    applications = draw(st.lists(st.sampled_from(_APPLICATIONS), unique_by=lambda a: a["name"]))
    return [draw(_contract(application, tiers)) for application in applications]


@st.composite
def _contract(draw: st.DrawFn, application: Document, tiers: list[Document]) -> Document:
    member = draw(st.sampled_from(["name", "clientId"]))
    holder = {"application" if member == "name" else "clientId": application[member]}
    names = [tier["name"] for tier in tiers]
    waiting = [tier["name"] for tier in tiers if not tier.get("autoApprove")]
    status = draw(
        st.sampled_from(["APPROVED", "REVOKED", *(["PENDING", "REJECTED"] * bool(waiting))])
    )
    tier = asked = None
    if status in ("PENDING", "REJECTED"):
        asked = draw(st.sampled_from(waiting))
    elif names:
        tier = draw(_maybe(st.sampled_from(names)))
    if status == "APPROVED" and waiting:
        asked = draw(_maybe(st.sampled_from(waiting)))
    return holder | without_none({"status": status, "tier": tier, "requestedTier": asked})


@st.composite
def _apis(draw: st.DrawFn) -> list[Document]:
    keys = draw(
        st.lists(
            st.tuples(_NAMES, _NAMES, _maybe(_NAMES)),
            max_size=3,
            unique_by=(lambda key: key[2] or key, lambda key: key),
        )
    )
    return [draw(_api(*key)) for key in keys]


@st.composite
def _api(draw: st.DrawFn, asset: str, version: str, label: str | None) -> Document:
    tiers = draw(_tiers())
    more = st.fixed_dictionaries(
        {},
        optional={
            "description": _PROSE,
            "tags": st.lists(_NAMES, max_size=2),
            "deprecated": st.booleans(),
            "endpoint": st.just({"uri": "https://u:hush@up.example/", "isCloudHub": None}),
            "endpointUri": st.just("https://api.example/"),
            "approvalMethod": st.just("manual"),
            "deployment": st.just({"type": "HY", "secret": "hush"}),
            "routing": st.just(ROUTING),
        },
    )
    return {
        "groupId": "g",
        "assetId": asset,
        "assetVersion": version,
        **without_none({"instanceLabel": label}),
        **draw(more),
        "policies": draw(_policies()),
        "tiers": tiers,
        "contracts": draw(_contracts(tiers)),
    }


@st.composite
def documents(draw: st.DrawFn) -> Document:
    """Documents of environment files that can be applied to an empty environment."""
    rule = st.sampled_from([{}, {"ruleOfApplication": {"technologies": ["flexGateway"]}}])
    automated = [policy | draw(rule) for policy in draw(_policies())]
    return {
        "version": 1,
        "apis": draw(_apis()),
        "applications": _APPLICATIONS,
        "automatedPolicies": automated,
    }
