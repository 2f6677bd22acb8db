"""APIs with every policy type, for tests that send requests through a real Envoy."""

from typing import Any

from adapter.policy.catalog import AppliedPolicy, Pointcut, RateLimit, SlaTier
from tests.builders import CLIENT_ID_ENFORCEMENT, applied, contract

HOUR_MS = 3_600_000
SHOP = "https://shop.example.com"
GOLD = SlaTier("gold", "Gold", (RateLimit(2, HOUR_MS),))
CONTRACTS = [contract("client-1", name="Shop", tier_id="gold")]


def limits(maximum: int) -> dict[str, Any]:
    """A rate limit that no test outlives."""
    return {
        "rateLimits": [{"maximumRequests": maximum, "timePeriodInMilliseconds": HOUR_MS}],
        "exposeHeaders": True,
    }


def spike(**changes: int) -> AppliedPolicy:
    """One request in 0.2 seconds."""
    return applied(
        "spike-control",
        {"maximumRequests": 1, "timePeriodInMilliseconds": 200, "exposeHeaders": True, **changes},
    )


CORS = applied(
    "cors",
    {
        "publicResource": False,
        "supportCredentials": True,
        "originGroups": [
            {
                "origins": [SHOP],
                "allowedMethods": [{"methodName": "PUT", "isAllowed": True}],
                "headers": ["x-token"],
            }
        ],
    },
)
ASTERISK = applied(
    "cors",
    {
        "publicResource": False,
        "originGroups": [
            {
                "origins": ["*"],
                "allowedMethods": [{"methodName": "PUT", "isAllowed": True}],
                "headers": ["*"],
            }
        ],
    },
)
INJECTION = applied(
    "header-injection",
    {
        "inboundHeaders": [
            {"key": "x-tag", "value": "ours"},
            {"key": "x-caller", "value": "#[authentication.clientName default 'nobody']"},
        ],
        "outboundHeaders": [
            {"key": "server-timing", "value": "#[lower(attributes.method)]"},
            {"key": "x-twice", "value": "1"},
            {"key": "x-twice", "value": "2"},
            {"key": "content-type", "value": "text/plain"},
        ],
    },
    order=60,
)
LOGGING = applied(
    "message-logging",
    {
        "loggingConfiguration": [
            {"itemData": {"message": "#[attributes.requestPath]", "level": "INFO"}},
            {"itemData": {"message": "never", "level": "INFO", "conditional": "false"}},
        ]
    },
)
SLA = applied("rate-limiting-sla-based", {"exposeHeaders": True}, order=55)
SECRETS_OUT = applied("header-removal", {"inboundHeaders": ["client_.*", "X-Debug"]}, order=58)
UPSTREAM_AUTH = applied(
    "credential-injection-basic-auth", {"username": "gateway", "password": "hunter2"}, order=65
)


CHAINS: dict[str, tuple[AppliedPolicy, ...]] = {
    "limited": (applied("rate-limiting", limits(2)),),
    "two-limits": (
        applied("rate-limiting", limits(9), order=1),
        applied("rate-limiting", limits(3), order=2, pointcuts=(Pointcut("POST", ".*"),)),
    ),
    "tiers": (SLA,),
    "edited": (SLA,),
    "allowed": (applied("ip-allowlist", {"ips": ["127.0.0.0/8"]}),),
    "listed": (applied("ip-blocklist", {"ips": ["127.0"]}),),
    "pages": (CORS, CLIENT_ID_ENFORCEMENT),
    "public": (applied("cors"),),
    "asterisk": (ASTERISK,),
    "injected": (INJECTION,),
    "removed": (SECRETS_OUT,),
    "blocked": (applied("access-block", pointcuts=(Pointcut(".*", "/admin(/.*)?"),)),),
    "logged": (LOGGING,),
    "credentials": (UPSTREAM_AUTH,),
    "spike": (spike(timePeriodInMilliseconds=HOUR_MS),),
    "patient": (spike(delayTimeInMillis=210, delayAttempts=8, queuingLimit=3),),
    "hasty": (spike(timePeriodInMilliseconds=HOUR_MS, delayTimeInMillis=9_000, queuingLimit=9),),
    "everything": (
        UPSTREAM_AUTH,
        INJECTION,
        SECRETS_OUT,
        SLA,
        CLIENT_ID_ENFORCEMENT,
        spike(maximumRequests=100),
        applied("rate-limiting", limits(100), order=54),
        applied("ip-allowlist", {"ips": ["127.0.0.1"]}, order=2),
        applied("ip-blocklist", {"ips": ["192.0.2.1"]}, order=1),
        applied("access-block", pointcuts=(Pointcut("TRACE", ".*"),)),
        LOGGING,
        CORS,
    ),
}
