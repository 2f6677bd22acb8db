"""A table of mistaken policies, and what is said about each."""

from typing import Any, NamedTuple

LIMIT = {"maximumRequests": 5, "timePeriodInMilliseconds": 1000}
LIMITS = {"rateLimits": [LIMIT]}
HMAC = {"signingMethod": "hmac", "textKey": "x" * 32}


class Mistake(NamedTuple):
    """A policy with a mistake, and what the answer says about it."""

    policy_type: str
    configuration: Any
    field: str
    message: str
    """The beginning of what is said about the field."""
    in_schema: bool = True
    """Whether a schema can say it."""


def group(**changes: Any) -> dict[str, Any]:
    """A cors configuration with a group of origins."""
    return {"publicResource": False, "originGroups": [{"origins": ["https://a.test"], **changes}]}


def message(**changes: Any) -> dict[str, Any]:
    """A message-logging configuration with one message."""
    item = {"message": "m", "level": "INFO"} | changes
    return {"loggingConfiguration": [{"itemData": item}]}


TYPES = [
    Mistake(
        "Rate-Limiting",
        LIMITS,
        "assetId",
        "'Rate-Limiting' is not a policy type; did you mean rate-limiting?",
    ),
    Mistake(
        "ip-allow-list",
        {},
        "assetId",
        "'ip-allow-list' is not a policy type; did you mean ip-allowlist?",
    ),
    Mistake(
        "client-id-enforcment",
        {},
        "assetId",
        "'client-id-enforcment' is not a policy type; did you mean client-id-enforcement?",
    ),
    Mistake(
        "JWT_Validation",
        {},
        "assetId",
        "'JWT_Validation' is not a policy type; did you mean jwt-validation?",
    ),
    Mistake(
        "xml-threat-protection",
        {},
        "assetId",
        "'xml-threat-protection' is not a policy type; known are access-block, cors, ",
    ),
]

LIMITING = [
    Mistake(
        "rate-limiting", {}, "rateLimits", 'is required; for example [{"maximumRequests": 100,'
    ),
    Mistake("rate-limiting", {"rateLimits": []}, "rateLimits", "must not be empty"),
    Mistake("rate-limiting", {"rateLimits": LIMIT}, "rateLimits", "must be a list"),
    Mistake("rate-limiting", {"rateLimits": [5]}, "rateLimits.0", "must be an object"),
    Mistake(
        "rate-limiting",
        LIMITS | {"rateLimit": 1},
        "rateLimit",
        "this setting is not supported; did you mean rateLimits?",
    ),
    Mistake(
        "rate-limiting",
        LIMITS | {"key_selector": "#[1]"},
        "key_selector",
        "this setting is not supported; did you mean keySelector?",
    ),
    Mistake(
        "rate-limiting", LIMITS | {"burst": 5}, "burst", "this setting is not supported; remove it"
    ),
    Mistake(
        "rate-limiting",
        {"rateLimits": [LIMIT | {"maximumRequests": "many"}]},
        "rateLimits.0.maximumRequests",
        "must be a whole number",
    ),
    Mistake(
        "rate-limiting",
        {"rateLimits": [LIMIT | {"maximumRequests": 0}]},
        "rateLimits.0.maximumRequests",
        "must be at least 1",
    ),
    Mistake(
        "rate-limiting",
        {"rateLimits": [LIMIT | {"maximumRequests": 1.5}]},
        "rateLimits.0.maximumRequests",
        "must be a whole number",
    ),
    Mistake(
        "rate-limiting",
        {"rateLimits": [{"maximumRequests": 5}]},
        "rateLimits.0.timePeriodInMilliseconds",
        "is required; for example 60000",
    ),
    Mistake(
        "rate-limiting",
        {"rateLimits": [LIMIT | {"timePeriodInMilliseconds": 10**12}]},
        "rateLimits.0.timePeriodInMilliseconds",
        "must be at most 31622400000",
    ),
    Mistake(
        "rate-limiting",
        {"rateLimits": [LIMIT | {"timePeriod": 1}]},
        "rateLimits.0.timePeriod",
        "this setting is not supported; did you mean timePeriodInMilliseconds?",
    ),
    Mistake(
        "rate-limiting",
        LIMITS | {"exposeHeaders": "maybe"},
        "exposeHeaders",
        "must be true or false",
    ),
    Mistake(
        "rate-limiting",
        LIMITS | {"keySelector": "client_id"},
        "keySelector",
        "must be an expression, because plain text is the same for all requests; "
        "write #[attributes.headers['client_id']]",
        False,
    ),
    Mistake(
        "rate-limiting",
        LIMITS | {"keySelector": "attributes.method"},
        "keySelector",
        "must be an expression, because plain text is the same for all requests; "
        "write #[attributes.method]",
        False,
    ),
    Mistake(
        "rate-limiting",
        LIMITS | {"keySelector": "#[attribute.method]"},
        "keySelector",
        "unsupported name 'attribute' at position 3 of the expression; did you mean attributes?",
        False,
    ),
    Mistake(
        "rate-limiting",
        LIMITS | {"keySelector": "#[payload.id]"},
        "keySelector",
        "unsupported name 'payload'",
        False,
    ),
    Mistake(
        "rate-limiting",
        LIMITS | {"keySelector": "#[attributes.headers['a'"},
        "keySelector",
        "write either plain text, or one #[...]",
        False,
    ),
    Mistake(
        "spike-control",
        {"queuingLimit": 5, "delayTimeInMillis": 0},
        "delayTimeInMillis",
        "must be at least 1",
    ),
    Mistake("spike-control", {"queuingLimit": -1}, "queuingLimit", "must be at least 0"),
    Mistake(
        "rate-limiting-sla-based",
        {"clientIdExpression": "client_id"},
        "clientIdExpression",
        "must be an expression that says where it is in the request",
        False,
    ),
]

IDENTITY = [
    Mistake(
        "client-id-enforcement",
        {"clientIdExpresion": "#[1]"},
        "clientIdExpresion",
        "this setting is not supported; did you mean clientIdExpression?",
    ),
    Mistake(
        "client-id-enforcement",
        {"credentialsOriginHasHttpBasicAuthenticationHeader": "header"},
        "credentialsOriginHasHttpBasicAuthenticationHeader",
        "must be customExpression or httpBasicAuthenticationHeader",
    ),
    Mistake(
        "client-id-enforcement",
        {"idHeader": "client id"},
        "idHeader",
        "must be the name of a header, such as client_id",
    ),
    Mistake(
        "client-id-enforcement",
        {"secretHeader": "x"},
        "secretHeader",
        "needs idHeader: set both, or neither",
        False,
    ),
    Mistake("http-basic-authentication", {"username": "u"}, "password", "is required"),
    Mistake(
        "http-basic-authentication",
        {"username": "a:b", "password": "p"},
        "username",
        "must not contain a colon",
    ),
    Mistake(
        "http-basic-authentication",
        {"username": "u", "password": ""},
        "password",
        "must not be empty",
    ),
    Mistake(
        "http-basic-authentication",
        {"user": "u", "username": "u", "password": "p"},
        "user",
        "this setting is not supported; did you mean username?",
    ),
    Mistake(
        "ldap-authentication",
        {
            "ldapServerURL": "ldap.test",
            "ldapServerUserDn": "d",
            "ldapServerUserPassword": "p",
            "ldapSearchBase": "b",
        },
        "ldapServerURL",
        "must be an ldap or ldaps URL with a host",
        False,
    ),
    Mistake(
        "ldap-authentication",
        {"ldapServerUserPassword": "p", "ldapSearchBase": "b"},
        "ldapServerUserDn",
        'is required; for example "cn=gateway,',
    ),
    Mistake(
        "jwt-validation",
        {},
        "textKey",
        "is missing: set the issuer's key, or set jwksUrl instead",
        False,
    ),
    Mistake(
        "jwt-validation",
        {"signingMethod": "RS256", "jwksUrl": "https://a.test"},
        "signingMethod",
        "must be rsa",
    ),
    Mistake(
        "jwt-validation",
        HMAC | {"signingMethod": "none"},
        "signingMethod",
        "none cannot be enforced",
        False,
    ),
    Mistake(
        "jwt-validation",
        HMAC | {"signingKeyLength": 128},
        "signingKeyLength",
        "must be 256, 384 or 512",
        False,
    ),
    Mistake(
        "jwt-validation",
        {"jwksUrl": "login.test/keys"},
        "jwksUrl",
        "URL 1 is not an https URL",
        False,
    ),
    Mistake(
        "jwt-validation",
        {"textKey": "not a key"},
        "textKey",
        "the key cannot be read; give a PEM public key",
        False,
    ),
    Mistake(
        "jwt-validation",
        {"signingMethod": "hmac", "textKey": "short"},
        "textKey",
        "the secret is shorter than 32 octets",
        False,
    ),
    Mistake(
        "jwt-validation",
        HMAC | {"validateAudClaim": True},
        "supportedAudiences",
        "is missing: list audiences",
        False,
    ),
    Mistake(
        "jwt-validation",
        HMAC | {"validateCustomClaim": True, "mandatoryCustomClaims": [{"name": "iss"}]},
        "mandatoryCustomClaims.0.key",
        'is required; for example "iss"',
    ),
    Mistake(
        "oauth2-token-introspection",
        {"introspectionURL": "login.test", "authorizationValue": "Basic x"},
        "introspectionURL",
        "must be an https URL",
        False,
    ),
    Mistake(
        "oauth2-token-introspection",
        {"introspectionUrl": "https://a.test", "authorizationValue": "Basic x"},
        "introspectionUrl",
        "this setting is not supported; did you mean introspectionURL?",
    ),
    Mistake(
        "openidconnect-access-token-enforcement",
        {"introspectionURL": "https://a.test"},
        "authorizationValue",
        "is missing: set both",
        False,
    ),
]

OTHERS = [
    Mistake("ip-allowlist", {}, "ips", 'is required; for example ["192.0.2.0/24",'),
    Mistake("ip-allowlist", {"ips": "10.0.0.0/8"}, "ips", "must be a list"),
    Mistake(
        "ip-allowlist",
        {"ips": ["10.0.0.0/33"]},
        "ips.0",
        "is not an address, a CIDR block such as 192.0.2.0/24",
        False,
    ),
    Mistake(
        "ip-blocklist",
        {"ips": ["::1", "10.0.0.1-10.0.0.9"]},
        "ips.1",
        "is not an address, a CIDR block such as 192.0.2.0/24",
        False,
    ),
    Mistake("ip-blocklist", {"ips": ["localhost"]}, "ips.0", "is not an address", False),
    Mistake("ip-blocklist", {"ips": [5]}, "ips.0", "must be text"),
    Mistake(
        "ip-blocklist",
        {"ips": ["::1"], "ipExpression": "x-real-ip"},
        "ipExpression",
        "must be an expression, because plain text is the same for all requests; "
        "write #[attributes.headers['x-real-ip']]",
        False,
    ),
    Mistake(
        "cors",
        group(origins=["shop.test"]),
        "originGroups.0.origins.0",
        "is not an origin: write * for all, or an origin with its scheme",
        False,
    ),
    Mistake("cors", group(origins="*"), "originGroups.0.origins", "must be a list"),
    Mistake(
        "cors",
        group(allowedMethods=["GET"]),
        "originGroups.0.allowedMethods.0",
        "must be an object",
    ),
    Mistake(
        "cors",
        group(allowedMethods=[{"methodName": "GET,POST"}]),
        "originGroups.0.allowedMethods.0.methodName",
        "must be one method, such as GET, or * for all",
    ),
    Mistake(
        "cors", group(headers=["a b"]), "originGroups.0.headers.0", "must be the name of one header"
    ),
    Mistake("cors", {"origins": ["*"]}, "origins", "this setting is not supported; "),
    Mistake("cors", {"publicResource": "no idea"}, "publicResource", "must be true or false"),
    Mistake(
        "cors",
        {"publicResource": False, "originGroups": [{"origins": ["https://a.test"]}] * 2},
        "originGroups",
        "an origin can be in one group only",
        False,
    ),
    Mistake("header-injection", {"inboundHeaders": {"x": "y"}}, "inboundHeaders", "must be a list"),
    Mistake(
        "header-injection",
        {"inboundHeaders": [{"key": "x"}]},
        "inboundHeaders.0.value",
        "is required; for example ",
    ),
    Mistake(
        "header-injection",
        {"inboundHeaders": [{"key": "host", "value": "v"}]},
        "inboundHeaders.0.key",
        "host cannot be injected: it belongs to the connection",
        False,
    ),
    Mistake(
        "header-injection",
        {"inboundHeaders": [{"key": "a b", "value": "v"}]},
        "inboundHeaders.0.key",
        "is not a header name",
        False,
    ),
    Mistake(
        "header-injection",
        {"outboundHeaders": [{"key": "x", "value": "#[1 +]"}]},
        "outboundHeaders.0.value",
        "unsupported syntax '+'",
        False,
    ),
    Mistake(
        "header-removal",
        {"inboundHeaders": ["x-[a"]},
        "inboundHeaders.0",
        "is neither a header name nor a valid pattern",
        False,
    ),
    Mistake(
        "header-removal",
        {"outboundHeaders": ["server"]},
        "outboundHeaders",
        "cannot be enforced",
        False,
    ),
    Mistake("message-logging", {}, "loggingConfiguration", "is required; for example "),
    Mistake(
        "message-logging",
        message(level="WARNING"),
        "loggingConfiguration.0.itemData.level",
        "must be DEBUG",
    ),
    Mistake(
        "message-logging",
        message(message="#[attributes.headers.authorization]"),
        "loggingConfiguration.0.itemData.message",
        "must not read authorization, because this would log credentials",
        False,
    ),
    Mistake(
        "message-logging",
        message(conditional="maybe"),
        "loggingConfiguration.0.itemData.conditional",
        "must be true, false or an expression",
        False,
    ),
    Mistake(
        "message-logging",
        message(secondSection=True),
        "loggingConfiguration.0.itemData.secondSection",
        "is not supported",
        False,
    ),
    Mistake(
        "credential-injection-basic-auth", {}, "username", "and password are both empty", False
    ),
    Mistake(
        "credential-injection-basic-auth",
        {"username": "u", "customHeader": "te"},
        "customHeader",
        "te cannot be injected",
        False,
    ),
    Mistake(
        "access-block", {"message": "no"}, "message", "this setting is not supported; remove it"
    ),
]

MISTAKES = [*TYPES, *LIMITING, *IDENTITY, *OTHERS]
