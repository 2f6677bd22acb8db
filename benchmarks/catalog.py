"""The APIs, contracts and chains of policies of the measured adapters."""

import hashlib
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from adapter.policy.catalog import ApiContent, ApiInstance, AppliedPolicy, RateLimit, SlaTier
from adapter.policy.contracts.contract import Contract
from adapter.policy.contracts.hashed_secret import HashedSecret
from adapter.policy.rule_pool import RulePool
from adapter.policy.snapshot import Api, build_api
from benchmarks.tokens import configuration
from tests.rig import slapd

SECRET: Final = "a-secret-of-32-characters-------"  # noqa: S105 - made up
"""The secret of all applications. Their salts differ."""

_PLENTY: Final = 1_000_000_000
"""A limit that no run reaches, because allowed requests are measured."""
_MINUTE_MS: Final = 60_000
_TIER: Final = SlaTier("1", "gold", (RateLimit(_PLENTY, _MINUTE_MS),))

Chain: TypeAlias = tuple[tuple[str, Mapping[str, Any]], ...]
"""Policy types and their configurations, in order."""

LDAP: Final = "ldap-authentication"
OAUTH: Final = "oauth2-token-introspection"
OPENID: Final = "openidconnect-access-token-enforcement"
JWKS: Final = "jwt-validation, JWKS"
PROVIDER_SETTINGS: Final = {
    LDAP: "ldapServerURL",
    OAUTH: "introspectionURL",
    OPENID: "introspectionURL",
    JWKS: "jwksUrl",
}
"""The setting with the address of the identity provider, by the chain that needs one."""
INVENTED: Final = "invented-"
"""How tokens begin that the provider does not know."""
_TOKENS: Final = {"authorizationValue": "Basic Z2F0ZXdheTpzZWNyZXQ=", "scopes": "read"}


def basic(name: str, password: str) -> str:
    """The `authorization` header of a user."""
    return f"Basic {b64encode(f'{name}:{password}'.encode()).decode()}"


_CLIENT_ID: Final = "#[attributes.headers['client_id']]"
# Without access-block, which denies everything: only allowed Checks are measured.
_POLICIES: Final[Mapping[str, Mapping[str, Any]]] = {
    "client-id-enforcement": {
        "credentialsOriginHasHttpBasicAuthenticationHeader": "customExpression",
        "clientIdExpression": _CLIENT_ID,
        "clientSecretExpression": "#[attributes.headers['client_secret']]",
    },
    "rate-limiting-sla-based": {"clientIdExpression": _CLIENT_ID},
    "rate-limiting": {
        "rateLimits": [{"maximumRequests": _PLENTY, "timePeriodInMilliseconds": _MINUTE_MS}],
        "keySelector": "#[attributes.headers['x-adapter-client-address']]",
    },
    "header-injection": {"inboundHeaders": [{"key": "x-environment", "value": "production"}]},
    "header-removal": {"inboundHeaders": ["x-internal-trace"]},
    "ip-allowlist": {"ips": ["10.0.0.0/8", "192.168.0.0/16"]},
    "ip-blocklist": {"ips": ["203.0.113.0/24", "198.51.100.7"]},
    "cors": {"publicResource": True},
    "spike-control": {"maximumRequests": _PLENTY, "timePeriodInMilliseconds": _MINUTE_MS},
    "message-logging": {
        "loggingConfiguration": [
            {
                "itemName": "all",
                "itemData": {
                    "message": "#[attributes.method]",
                    "level": "DEBUG",
                    "firstSection": True,
                },
            }
        ]
    },
    "credential-injection-basic-auth": {"username": "gateway", "password": "of-the-upstream"},
    "http-basic-authentication": {"username": "partner", "password": "of-the-partner"},
    LDAP: {
        "ldapServerUserDn": slapd.ACCOUNT,
        "ldapServerUserPassword": slapd.ACCOUNT_PASSWORD,
        "ldapSearchBase": slapd.PEOPLE,
    },
    OAUTH: _TOKENS,
    OPENID: _TOKENS,
}
AUTHORIZATION: Final[Mapping[str, str]] = {
    "http-basic-authentication": basic("partner", "of-the-partner"),
    LDAP: basic("alice", slapd.PASSWORD),
    OAUTH: "Bearer of-the-first-client",
    OPENID: "Bearer of-the-first-client",
}
"""What clients send in their `authorization` header, by the policy that asks for it."""

TEXT_KEYS: Final[Mapping[str, str]] = {
    "jwt-validation": "RS256",
    "jwt-validation, ES256": "ES256",
}
"""The algorithm of the tokens that clients send, by chain whose policy contains the key."""
TOKENS: Final[Mapping[str, str]] = {**TEXT_KEYS, JWKS: "RS256"}
"""The algorithm of the tokens that clients send, by chain."""

TYPICAL: Final = "typical"
CHAINS: Final[Mapping[str, Chain]] = MappingProxyType(
    {
        "none": (),
        TYPICAL: tuple(
            (name, _POLICIES[name])
            for name in ("client-id-enforcement", "rate-limiting-sla-based", "header-injection")
        ),
        **{name: ((name, configuration),) for name, configuration in _POLICIES.items()},
        **{name: (("jwt-validation", configuration(a)),) for name, a in TOKENS.items()},
    }
)
"""No policy, the typical chain, and each policy alone."""


@dataclass(frozen=True, slots=True)
class CatalogSize:
    """The size of the catalog. The contracts are divided between the APIs."""

    apis: int
    contracts: int
    """Of all APIs together. Each has its own application, the worst case for memory."""

    def contracts_of(self, api: int) -> range:
        """The numbers of one API's contracts."""
        return range(api * self.contracts // self.apis, (api + 1) * self.contracts // self.apis)


USUAL: Final = CatalogSize(1, 1_000)


def api_id(number: int) -> str:
    """An API's id. All have the same length, so that catalogs do not differ in message size."""
    return str(10_000_000 + number)


def client_id(number: int) -> str:
    """An application's client id, with 32 characters as on the platform."""
    return f"{number:032x}"


def build_apis(size: CatalogSize, chain: str, provider_url: str = "") -> Iterator[Api]:
    """The APIs, compiled as in a sync; `provider_url` is where the identity provider listens."""
    return map(partial(build_api, pool=RulePool()), contents(size, chain, provider_url))


def contents(size: CatalogSize, chain: str, provider_url: str = "") -> Iterator[ApiContent]:
    """The contents of the APIs, as from the platform."""
    for number in range(size.apis):
        contracts = (_contract(contract) for contract in size.contracts_of(number))
        yield ApiContent(
            ApiInstance(api_id(number), f"orders-{number}", "v1"),
            policies_of(_with_provider(chain, provider_url)),
            {_TIER.tier_id: _TIER},
            {contract.contract_id: contract for contract in contracts},
        )


def policies_of(chain: Chain) -> tuple[AppliedPolicy, ...]:
    """A chain as applied policies."""
    return tuple(
        AppliedPolicy(str(position), policy_type, configuration, position)
        for position, (policy_type, configuration) in enumerate(chain)
    )


def _with_provider(name: str, url: str) -> Chain:
    setting = PROVIDER_SETTINGS.get(name)
    if setting is None:
        return CHAINS[name]
    ((policy_type, configuration),) = CHAINS[name]
    return ((policy_type, {**configuration, setting: url}),)


def _contract(number: int) -> Contract:
    salt = f"salt-{number}"
    digest = hashlib.sha256((SECRET + salt).encode()).hexdigest()
    secret = HashedSecret.parse(digest, salt, "secret+salt")
    name = f"Application {number}"
    return Contract(str(20_000_000 + number), client_id(number), name, secret, _TIER.tier_id)
