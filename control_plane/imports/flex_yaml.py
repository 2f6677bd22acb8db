"""Flex Gateway in local mode: YAML documents of the group `gateway.mulesoft.com`.

An `ApiInstance` names its policies itself, or `PolicyBinding`s name it. It becomes an API instance
with the namespace as its group:

    kind: ApiInstance                       groupId: default
    metadata: {name: orders}          ──►   assetId: orders
    spec: {address: http://0.0.0.0:8080/orders}

Source: the vendor's "Declarative Configuration Reference Guide" for Flex Gateway 1.8.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from pydantic import Field

from control_plane.imports.reading import Row, present, read_rows
from control_plane.imports.source import Part, Source, SourceApi
from control_plane.imports.vendor_policies import vendor_policy

VERSION: Final = "1.0.0"
"""Of every asset. Documents have no versions."""

_GROUP: Final = "gateway.mulesoft.com/"
_DEFAULT_ORDER: Final = 50
_ROUTE: Final = "route"
_VARIABLE: Final = re.compile(r"\$([A-Za-z_]\w*)")


class _Name(Row):
    name: str
    namespace: str | None = None


class _Rule(Row):
    path: str | None = None
    methods: str | None = None
    host: str | None = None
    headers: dict[str, str] = Field(default_factory=dict)


class _Policy(Row):
    policy_ref: _Name
    config: dict[str, Any] = Field(default_factory=dict)
    rules: tuple[_Rule, ...] = ()
    order: int = _DEFAULT_ORDER


class _Binding(_Policy):
    target_ref: _Name


class _Service(Row):
    address: str


class _ApiSpec(Row):
    address: str
    services: dict[str, _Service] = Field(default_factory=dict)
    policies: tuple[_Policy, ...] = ()


class _Api(Row):
    metadata: _Name
    spec: _ApiSpec


class _PolicyBinding(Row):
    metadata: _Name
    spec: _Binding

    @property
    def target(self) -> tuple[str, str]:
        """Namespace and name of what the policy is bound to."""
        target = self.spec.target_ref
        return target.namespace or _namespace(self.metadata), target.name


class _Kind(Row):
    api_version: str = ""
    kind: str = ""
    metadata: _Name = Field(default_factory=lambda: _Name(name="?"))


def source_of(documents: Sequence[Any], variables: Mapping[str, str]) -> Source:
    """The API instances of the documents. `variables` replace `$NAME` in configurations."""
    apis = read_rows(_Api, _of_kind(documents, "ApiInstance"), "ApiInstance")
    bindings = read_rows(_PolicyBinding, _of_kind(documents, "PolicyBinding"), "PolicyBinding")
    known = {(_namespace(api.metadata), api.metadata.name) for api in apis.read}
    return Source(
        tuple(_api(api, bindings.read, variables) for api in apis.read),
        unread_policies=bindings.refused,
        others=(
            *apis.refused,
            *(_unbound(binding) for binding in bindings.read if binding.target not in known),
            *_unknown(documents),
        ),
    )


def _of_kind(documents: Iterable[Any], kind: str) -> list[Any]:
    return [each for each in documents if isinstance(each, Mapping) and each.get("kind") == kind]


def _namespace(name: _Name) -> str:
    return name.namespace or "default"


def _unbound(binding: _PolicyBinding) -> Part:
    namespace, name = binding.target
    reason = f"no ApiInstance is called {name!r} in the namespace {namespace!r}"
    return Part(f"PolicyBinding {binding.metadata.name}", refusal=reason)


def _unknown(documents: Sequence[Any]) -> tuple[Part, ...]:
    read, refused = read_rows(_Kind, documents, "document")
    known = ("ApiInstance", "PolicyBinding", "Service")
    unknown = [each for each in read if each.kind not in known or _GROUP not in each.api_version]
    return (
        *(
            Part(f"{each.kind or 'document'} {each.metadata.name}", refusal=_why_unknown(each))
            for each in unknown
        ),
        *refused,
    )


def _why_unknown(document: _Kind) -> str:
    if _GROUP not in document.api_version:
        return f"its apiVersion is {document.api_version!r}, and not of {_GROUP[:-1]}"
    return "it configures the gateway and not an API"


def _api(api: _Api, bindings: Iterable[_PolicyBinding], variables: Mapping[str, str]) -> SourceApi:
    namespace, name = _namespace(api.metadata), api.metadata.name
    bound = [binding.spec for binding in bindings if binding.target == (namespace, name)]
    policies = sorted([*api.spec.policies, *bound], key=lambda policy: policy.order)
    upstreams = [service.address for service in api.spec.services.values()]
    routes = len(upstreams) > 1 or any(policy.policy_ref.name == _ROUTE for policy in policies)
    endpoint = present(proxy_uri=api.spec.address, uri=upstreams[0] if upstreams else None)
    base = urlsplit(api.spec.address).path.rstrip("/")
    return SourceApi(
        name,
        present(group_id=namespace, asset_id=name, asset_version=VERSION, endpoint=endpoint),
        ("Envoy routes to its services: see the mesh plan or Envoy's routes",) if routes else (),
        policies=tuple(
            _policy(policy, base, variables)
            for policy in policies
            if policy.policy_ref.name != _ROUTE
        ),
    )


def _policy(policy: _Policy, base: str, variables: Mapping[str, str]) -> Part:
    name = policy.policy_ref.name
    if any(rule.host or rule.headers for rule in policy.rules):
        return Part(name, refusal="one of its rules looks at the host or at headers")
    missing: list[str] = []
    configuration = _replaced(policy.config, variables, missing)
    if missing:
        return Part(name, refusal=f"environment variables are not set: {', '.join(missing)}")
    pointcut = [_pointcut(rule, base) for rule in policy.rules]
    return vendor_policy(name, configuration, pointcut=pointcut)


def _pointcut(rule: _Rule, base: str) -> dict[str, str]:
    """The paths of rules lack the path of the API's address."""
    path = f"{re.escape(base)}(?:{rule.path})" if rule.path else ".*"
    return {"methodRegex": rule.methods or ".*", "uriTemplateRegex": path}


def _replaced(value: Any, variables: Mapping[str, str], missing: list[str]) -> Any:
    """The value with variables in the place of their names; `missing` gets those not set."""
    if isinstance(value, Mapping):
        return {name: _replaced(inner, variables, missing) for name, inner in value.items()}
    if isinstance(value, list):
        return [_replaced(inner, variables, missing) for inner in value]
    if isinstance(value, str) and (found := _VARIABLE.fullmatch(value)):
        if (name := found[1]) not in variables:
            missing.append(name)
        return variables.get(name, "")
    return value
