"""The commands of anypoint-cli-v4 that concern API management, in an order in which each can work.

They run in the environment Test of a new platform. There, `cli_scenario.py` made the API instance 1
with the tier 1 and a contract that waits.
"""

from typing import NamedTuple


class Command(NamedTuple):
    """One command to try."""

    called: str
    """The command, with the options that make a difference."""

    rest: str = ""
    """The other arguments. `$test` and others are values of the scenario."""

    shows: str = ""
    """What it prints if it works."""

    fails: str = ""
    """What its error says if it does not work."""

    note: str = ""
    """For the page: why it does not work, or what to know."""

    keeps: str = ""
    """The name for the id that it prints in quotation marks, for later commands."""


_ADDS = "api-mgr:alert:add-legacy"
_BUSY = (
    "2 Busy --severity Critical --operator gt --threshold 5 --periods 2 --duration 5"
    " --durationUnit minutes --email ops@example.com --enabled"
)
_ALERTS = "our [alerts](alerts.md#what-can-be-watched) know"
_NO_PAGE = "the control plane has no page here"
_DEPLOYS = "it deploys proxies of Mule and Flex Gateway; our gateways are Envoys with an adapter"
_MONITORING = "it asks Anypoint Monitoring, where such alerts are; use the command with `-legacy`"
_NO_TLS_CONTEXTS = "there are no TLS contexts; the id is kept and changes nothing"

COMMANDS = (
    Command("account:environment:create", "Scratch --type sandbox", "Scratch"),
    Command("account:environment:list", shows="Scratch"),
    Command("account:environment:describe", "Scratch", "Scratch"),
    Command("account:environment:delete", "Scratch", "deleted"),
    Command("account:business-group:list", shows="Root"),
    Command("account:business-group:describe", "Organization", "Organization"),
    Command("account:user:describe", shows="connected app anypoint-cli"),
    Command(
        "api-mgr:api:manage",
        "orders 1.0.0 --isFlex --withProxy --scheme http --port 8081 --path /orders"
        " --uri http://orders.internal:8080 --apiInstanceLabel eu"
        " --endpointUri https://api.example.com/orders",
        "Created new API with ID: 2",
    ),
    Command("api-mgr:api:manage -m", "bills 1.0.0 --uri http://bills.internal", "with ID: 3"),
    Command("api-mgr:api:list", "--limit 500 --sort updatedDate --apiVersion v1", "orders"),
    Command("api-mgr:api:describe", "2", "https://api.example.com/orders"),
    Command("api-mgr:api:edit", "2 --uri http://orders.internal:9090", "Edited API with ID: 2"),
    Command(
        "api-mgr:api:edit --routing",
        """'[{"label": "main", "upstreams": [{"uri": "http://a.internal", "weight": 100}]}]' 2""",
        "Edited API with ID: 2",
        note="kept; Envoy's own configuration says where requests go",
    ),
    Command("api-mgr:api:change-specification", "2 1.1.0", 'changed to "1.1.0"'),
    Command("api-mgr:api:deprecate", "2"),
    Command("api-mgr:api:undeprecate", "2"),
    Command("api-mgr:api:autodiscovery", "2 4.4.0", "apiName"),
    Command(
        "api-mgr:api:deploy",
        "2 --target 1 --applicationName orders",
        fails="not found",
        note=_DEPLOYS,
    ),
    Command(
        "api-mgr:api:redeploy",
        "2 --target 1 --applicationName orders",
        fails="is not deployed",
        note=_DEPLOYS,
    ),
    Command("api-mgr:api:download-proxy", "2 $directory", fails=_NO_PAGE, note=_DEPLOYS),
    Command(
        "api-mgr:api:classify",
        "Production 2",
        fails=_NO_PAGE,
        note="it moves API instances that have no environment yet; ours always have one",
    ),
    Command("api-mgr:policy:list", shows="rate-limiting", note="our types of policies"),
    Command("api-mgr:policy:list -m", shows="rate-limiting", note="the same"),
    Command("api-mgr:policy:describe", "rate-limiting", "rateLimits"),
    Command(
        "api-mgr:policy:describe --policyVersion",
        "1.0.0 rate-limiting",
        "rateLimits",
        note="the same for all versions",
    ),
    Command(
        "api-mgr:policy:apply",
        "2 client-id-enforcement --policyVersion 1.0.0 --config"
        """ '{"credentialsOriginHasHttpBasicAuthenticationHeader":"""
        """ "httpBasicAuthenticationHeader"}'""",
        "Policy applied",
    ),
    Command(
        "api-mgr:policy:apply",
        "2 rate-limiting --policyVersion 1.0.0 --config"
        """ '{"rateLimits": [{"maximumRequests": 5, "timePeriodInMilliseconds": 1000}]}'""",
        "Policy applied",
    ),
    Command("api-mgr:policy:list APIINSTANCEID", "2", "rate-limiting"),
    Command(
        "api-mgr:policy:edit",
        "2 2 --config"
        """ '{"rateLimits": [{"maximumRequests": 9, "timePeriodInMilliseconds": 1000}]}'""",
        "edited",
    ),
    Command("api-mgr:policy:disable", "2 2"),
    Command("api-mgr:policy:enable", "2 2"),
    Command("api-mgr:policy:order", "2 2,1 --commaSeparated", "updated"),
    Command("api-mgr:tier:add", "2 --name Gold --autoApprove -l true,100,min", "Created SLA Tier"),
    Command("api-mgr:tier:list", "2", "Gold"),
    Command(
        "api-mgr:tier:copy", "1 2", "Silver", note="also deletes the tiers that the source lacks"
    ),
    Command("api-mgr:upstream:add", "2 http://b.internal --label b", "Created", keeps="upstream"),
    Command(
        "api-mgr:policy:apply --upstreamId",
        "$upstream 2 cors --policyVersion 1.0.0 --config {}",
        "Policy applied",
        note="adapters apply it to requests for all upstreams, and the answer warns about it",
    ),
    Command("api-mgr:upstream:list", "2", "http://b.internal"),
    Command("api-mgr:upstream:edit", "2 $upstream --label c", "edited"),
    Command(
        "api-mgr:upstream:bulk-edit", "2 --tlsContextId null", "Successfully", note=_NO_TLS_CONTEXTS
    ),
    Command("api-mgr:policy:remove", "2 3", "removed"),
    Command("api-mgr:upstream:delete", "2 $upstream", "Deleted"),
    Command("api-mgr:contract:list", "1 Sho --sort name", "Shop"),
    Command(
        "api-mgr:contract:delete",
        "1 $client_id",
        "Contract deleted",
        note="an approved contract must be revoked first, for which the tool has no command",
    ),
    Command(
        f"{_ADDS} --type request-count",
        _BUSY,
        "Created",
        note="prints `undefined` as the ID; `--operator eq` is refused",
    ),
    Command(
        f"{_ADDS} --type response-code",
        f"{_BUSY} --responseCode 500",
        fails="condition.filter: unknown field",
        note=f"{_ALERTS} server errors, not single codes",
    ),
    Command(
        f"{_ADDS} --type policy-violation",
        f"{_BUSY} --policyId 2",
        fails="policyId: unknown field",
        note=f"{_ALERTS} violations of all policies together",
    ),
    Command(
        f"{_ADDS} --type response-time",
        f"{_BUSY} --responseTime 100",
        fails="condition.filter: unknown field",
        note=f"{_ALERTS} percentiles, not slow requests",
    ),
    Command(
        f"{_ADDS} --recipient",
        f"admin --type request-count {_BUSY}",
        fails="status code 404",
        note="it asks for the members of the organization; give `--email`",
    ),
    Command("api-mgr:alert:list-legacy", "2", "Busy"),
    Command(
        "api-mgr:alert:add",
        "1 Busy --type request-count --threshold 5 --periods 2 --email ops@example.com"
        " --severity critical --operator ab",
        fails=_NO_PAGE,
        note=_MONITORING,
    ),
    Command("api-mgr:alert:list", "1", fails=_NO_PAGE, note=_MONITORING),
    Command("api-mgr:api:promote", "2 $test --environment Production", "promoted"),
    Command("api-mgr:tier:delete", "1 1", "Deleted SLA tier"),
    Command("api-mgr:api:delete", "2", "API deleted"),
)
