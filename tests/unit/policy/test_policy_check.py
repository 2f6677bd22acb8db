"""Checking a policy before it is applied, by the command and for the control plane."""

import json
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from adapter.cli import app
from adapter.policy.compile import POLICY_TYPES
from adapter.policy.policy_check import check

LIMITS = {"rateLimits": [{"maximumRequests": 1, "timePeriodInMilliseconds": 1000}]}


def faults(policy_type: str, configuration: dict[str, Any], pointcut: Any = None) -> dict[str, str]:
    """The message about each field."""
    found = check(policy_type, configuration, pointcut)["faults"]
    assert len({fault["field"] for fault in found}) == len(found)
    return {fault["field"]: fault["message"] for fault in found}


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("Rate-Limiting", "did you mean rate-limiting?"),
        ("ip-allow-list", "did you mean ip-allowlist?"),
        ("ratelimiting", "did you mean rate-limiting?"),
        ("client_id_enforcement", "did you mean client-id-enforcement?"),
        ("jwt", "did you mean jwt-validation?"),
        ("rate-limiting-sla", "did you mean rate-limiting-sla-based?"),
        ("ip-whitelist", "did you mean ip-allowlist?"),
        ("ip-blacklist", "did you mean ip-blocklist?"),
        ("limit", "known are access-block, cors, "),
        ("xml-threat-protection", "known are access-block, cors, "),
    ],
)
def test_an_unknown_type_gets_the_nearest_one(given: str, meant: str) -> None:
    """Names that differ in hyphens or capitals are the most frequent mistake."""
    message = faults(given, {})["assetId"]
    assert message.startswith(f"{given!r} is not a policy type; ")
    assert meant in message


def test_everything_is_told_at_once() -> None:
    """Configuration and pointcuts, each fault at its field."""
    limit = {"maximumRequests": "ten", "timePeriodInMilliseconds": True}
    configuration = {"rateLimits": [limit], "keySelector": "x-tenant", "exposeHeader": True}
    found = faults("rate-limiting", configuration, [{"methodRegex": "get"}])
    assert found == {
        "configurationData.rateLimits.0.maximumRequests": "must be a whole number",
        "configurationData.rateLimits.0.timePeriodInMilliseconds": (
            "must be a number, not true or false"
        ),
        "configurationData.keySelector": (
            "must be an expression, because plain text is the same for all requests; "
            "write #[attributes.headers['x-tenant']]"
        ),
        "configurationData.exposeHeader": (
            "this setting is not supported; did you mean exposeHeaders?"
        ),
        "pointcutData.0.methodRegex": (
            "'get' matches no HTTP method: it is a regular expression for the whole method, which "
            "is in capitals; write 'GET'"
        ),
    }


@pytest.mark.parametrize(
    ("selector", "meant"),
    [
        ("client_id", "#[attributes.headers['client_id']]"),
        ("method", "#[attributes.method]"),
        ("attributes.headers['x-tenant']", "#[attributes.headers['x-tenant']]"),
        ("[attributes.headers.tenant]", "#[attributes.headers.tenant]"),
        ("${authentication.clientId}", "#[authentication.clientId]"),
        ("#(authentication.clientId)", "#[authentication.clientId]"),
        ("'all'", "an expression such as #[attributes.headers['x-tenant']]"),
        ("all clients", "an expression such as #[attributes.headers['x-tenant']]"),
        ("{{tenant}}", "an expression such as #[attributes.headers['x-tenant']]"),
    ],
)
def test_a_key_in_plain_text_gets_the_expression_that_was_meant(selector: str, meant: str) -> None:
    """One limit for all clients is hardly ever wanted."""
    message = faults("rate-limiting", {**LIMITS, "keySelector": selector})
    assert message["configurationData.keySelector"].endswith(f"; write {meant}")


@pytest.mark.parametrize("selector", ["#['all']", "#[5]", "#['a' ++ 'b']", "#[['a']]", "#[!true]"])
def test_a_constant_key_that_is_an_expression_is_accepted_with_a_warning(selector: str) -> None:
    """The vendor allows any expression, so policies from Anypoint keep working."""
    found = check("rate-limiting", {**LIMITS, "keySelector": selector}, None)
    assert found["faults"] == []
    (warning,) = found["warnings"]
    assert "all clients share one limit" in warning


@pytest.mark.parametrize("selector", ["", "  ", "#[attributes.method ++ 'x']"])
def test_other_keys_have_no_warning(selector: str) -> None:
    """Nor has a limit without a key, which says what it is."""
    found = check("rate-limiting", {**LIMITS, "keySelector": selector}, None)
    assert found == {"faults": [], "warnings": []}


@pytest.mark.parametrize(
    "policy_type", ["client-id-enforcement", "rate-limiting-sla-based", "jwt-validation"]
)
def test_a_credential_in_plain_text_is_not_repeated(policy_type: str) -> None:
    """It may be the secret itself."""
    names = ("clientIdExpression", "clientSecretExpression", "jwtExpression")
    given = dict.fromkeys(names, "hunter2") | {"jwtOrigin": "customExpression"}
    found = faults(policy_type, given)
    assert "must be an expression" in found["configurationData.clientIdExpression"]
    assert "hunter2" not in str(found)


FIXED = [
    "#['c1']",
    "#[attributes.headers['client_id'] default 'c1']",
    "#[(attributes.headers['a'] default 'c1') ++ '']",
    "#[if (attributes.headers['a'] == null) 'c1' else attributes.headers['a']]",
    "#[['c1', attributes.method][0]]",
    "#[5]",
    "#[upper('c1')]",
]
READ = [
    "#[attributes.headers['client_id'] default attributes.queryParams.client_id]",
    "#[attributes.headers['client_id'] default '']",
    "#[attributes.headers['authorization'] substringAfter 'ApiKey ']",
    "#[attributes.headers['Client ID'] default attributes.headers['client_id']]",
    "#[attributes.headers[':authority']]",
]


@pytest.mark.parametrize("source", FIXED)
@pytest.mark.parametrize(
    ("policy_type", "setting", "example"),
    [
        ("client-id-enforcement", "clientIdExpression", "client_id"),
        ("client-id-enforcement", "clientSecretExpression", "client_secret"),
        ("rate-limiting-sla-based", "clientIdExpression", "client_id"),
        ("jwt-validation", "clientIdExpression", "client_id"),
        ("jwt-validation", "jwtExpression", "jwt"),
    ],
)
def test_a_credential_that_the_policy_brings_itself_is_a_fault(
    policy_type: str, setting: str, example: str, source: str
) -> None:
    """Everybody would be let in, also those who send nothing."""
    given = {"jwtOrigin": "customExpression"} if policy_type == "jwt-validation" else {}
    message = faults(policy_type, {**given, setting: source})[f"configurationData.{setting}"]
    assert f"#[attributes.headers['{example}']]" in message
    assert "c1" not in message


@pytest.mark.parametrize("source", READ)
def test_a_credential_that_only_the_request_can_bring_is_none(source: str) -> None:
    """Also if there are several places, or if a missing one becomes an empty text."""
    secret = {"clientSecretExpression": "#[attributes.headers['client_secret']]"}
    found = check("client-id-enforcement", {"clientIdExpression": source, **secret}, None)
    assert found == {"faults": [], "warnings": []}


@pytest.mark.parametrize("name", ["Client ID", "client_id:", "", "(id)", "id\u00e9"])
def test_a_credential_in_a_header_that_cannot_exist_is_a_fault(name: str) -> None:
    """All clients would be refused."""
    given = {"clientIdExpression": f"#[attributes.headers['{name}']]"}
    message = faults("client-id-enforcement", given)["configurationData.clientIdExpression"]
    assert message == f"no request can have a header called {name.lower()!r}; correct the name"


def test_the_client_id_as_its_own_secret_has_a_warning() -> None:
    """The id of a client is hardly ever its secret."""
    source = "#[attributes.headers['client_id']]"
    given = {"clientIdExpression": source, "clientSecretExpression": source}
    (warning,) = check("client-id-enforcement", given, None)["warnings"]
    assert "would have to be the secret" in warning


NO_SECRET = [
    ("client-id-enforcement", {}),
    ("client-id-enforcement", {"idHeader": "x-id"}),
    ("client-id-enforcement", {"clientIdExpression": "#[attributes.queryParams.id]"}),
    ("client-id-enforcement", {"clientSecretExpression": " "}),
    ("rate-limiting-sla-based", {}),
]
SECRET = [
    ("client-id-enforcement", {"idHeader": "x-id", "secretHeader": "x-secret"}),
    ("client-id-enforcement", {"clientSecretExpression": "#[attributes.headers.secret]"}),
    ("client-id-enforcement", {"clientIdExpression": "#[attributes.clientCertificate.principal]"}),
    (
        "client-id-enforcement",
        {"credentialsOriginHasHttpBasicAuthenticationHeader": "httpBasicAuthenticationHeader"},
    ),
    ("rate-limiting-sla-based", {"clientIdExpression": "#[authentication.principal]"}),
]


@pytest.mark.parametrize(("policy_type", "configuration"), NO_SECRET)
def test_a_policy_that_checks_no_secret_has_a_warning(
    policy_type: str, configuration: dict[str, Any]
) -> None:
    """It is the vendor's default, and lets anybody in who knows an id."""
    (warning,) = check(policy_type, configuration, None)["warnings"]
    assert "no client secret is checked" in warning


@pytest.mark.parametrize(("policy_type", "configuration"), SECRET)
def test_a_policy_with_a_secret_or_another_proof_has_none(
    policy_type: str, configuration: dict[str, Any]
) -> None:
    """A certificate or an earlier policy proves the client."""
    assert check(policy_type, configuration, None)["warnings"] == []


BASIC = {"credentialsOriginHasHttpBasicAuthenticationHeader": "httpBasicAuthenticationHeader"}
HMAC = {"signingMethod": "hmac", "textKey": "x" * 32, "mandatoryExpClaim": True}
INTROSPECTION = {"introspectionURL": "https://login.test/", "authorizationValue": "Basic eA=="}
LDAP = {
    "ldapServerURL": "ldaps://ldap.test",
    "ldapServerUserDn": "cn=a",
    "ldapServerUserPassword": "p",
    "ldapSearchBase": "dc=test",
}
OIDC = "openidconnect-access-token-enforcement"
JWKS = {"jwksUrl": "https://login.test/keys", "mandatoryExpClaim": True}
CUSTOM = {"validateCustomClaim": True}
ISS = {"key": "iss", "value": "#[ vars.claimSet.iss ]"}
UNUSED = "has no effect unless"
SPIKE = {"maximumRequests": 5, "timePeriodInMilliseconds": 1000}


@pytest.mark.parametrize(
    ("policy_type", "configuration", "field", "message"),
    [
        (
            "ldap-authentication",
            {**LDAP, "ldapSearchFilter": "(uid=%s)"},
            "ldapSearchFilter",
            "must contain {0}, which stands for the user's name; for example (uid={0})",
        ),
        (
            "ldap-authentication",
            {**LDAP, "ldapSearchFilter": "((uid={0})"},
            "ldapSearchFilter",
            "has a parenthesis without its partner; for example (uid={0})",
        ),
        (
            "ldap-authentication",
            {**LDAP, "ldapServerURL": "ldaps://[fe80::1]"},
            "ldapServerURL",
            "the address is link-local",
        ),
        (
            "jwt-validation",
            {"jwksUrl": "https://login.test, https://user:hunter2@login.test/keys"},
            "jwksUrl",
            "URL 2: https://login.test: a user or password in the URL is not supported",
        ),
        (
            "jwt-validation",
            {"jwksUrl": "https://169.254.169.254/keys"},
            "jwksUrl",
            "URL 1: https://169.254.169.254: the address is link-local, where clouds serve "
            "credentials",
        ),
        (
            "jwt-validation",
            {"jwksUrl": "https://[::ffff:169.254.169.254]/keys"},
            "jwksUrl",
            "URL 1: https://::ffff:169.254.169.254: the address is link-local, where clouds serve "
            "credentials",
        ),
        ("jwt-validation", {"jwksUrl": "https:///keys"}, "jwksUrl", "URL 1: has no host"),
        ("jwt-validation", {"jwksUrl": "https://[a/"}, "jwksUrl", "URL 1: is not a URL"),
        (
            OIDC,
            {**INTROSPECTION, "introspectionURL": "https://0x7f.1/"},
            "introspectionURL",
            "https://0x7f.1: an IPv4 address is four decimal numbers with dots",
        ),
    ],
)
def test_what_every_adapter_refuses_is_a_fault(
    policy_type: str, configuration: dict[str, Any], field: str, message: str
) -> None:
    """Otherwise the policy would be stored, and would close the API."""
    found = faults(policy_type, configuration)
    assert found == {f"configurationData.{field}": message}
    assert "hunter2" not in str(found)


@pytest.mark.parametrize(
    ("policy_type", "configuration", "warning"),
    [
        ("jwt-validation", {**JWKS, "jwksUrl": "http://login.test"}, "identity.allow_http"),
        ("jwt-validation", {**JWKS, "jwksUrl": "https://10.0.0.1"}, "identity.allow_networks"),
        (
            "oauth2-token-introspection",
            {**INTROSPECTION, "introspectionURL": "http://a.test"},
            "introspectionURL is not https",
        ),
        (OIDC, {}, "unless the adapter's settings have identity.client_provider"),
        (
            "ldap-authentication",
            {**LDAP, "ldapServerURL": "ldaps://localhost"},
            "ldapServerURL is an address inside a network",
        ),
        (
            "header-injection",
            {"inboundHeaders": [{"key": "X-Adapter-Client-Id", "value": "1"}]},
            "x-adapter-client-id belongs to the adapter",
        ),
        (
            "jwt-validation",
            {**HMAC, "supportedAudiences": "a"},
            f"supportedAudiences {UNUSED} validateAudClaim is true",
        ),
        (
            "jwt-validation",
            {**HMAC, "mandatoryCustomClaims": [ISS]},
            f"mandatoryCustomClaims {UNUSED} validateCustomClaim is true",
        ),
        (
            "jwt-validation",
            {**HMAC, **CUSTOM, "mandatoryCustomClaims": [ISS]},
            "the claim iss is compared with itself",
        ),
        ("jwt-validation", {**HMAC, "mandatoryExpClaim": False}, "without the claim exp"),
        ("jwt-validation", {**HMAC, "dpopOrigin": "https://a.test"}, "dpopOrigin has no effect"),
        (
            "client-id-enforcement",
            {
                **BASIC,
                "clientIdExpression": "#[attributes.headers.id]",
            },
            f"clientIdExpression {UNUSED} credentialsOrigin",
        ),
        (
            "cors",
            {"originGroups": [{"origins": ["https://a.test"]}]},
            f"originGroups {UNUSED} publicResource is false",
        ),
        ("cors", {"publicResource": False}, "no page of another origin may do anything"),
        ("spike-control", {**SPIKE, "delayAttempts": 5}, f"delayAttempts {UNUSED} queuingLimit"),
        ("spike-control", {**SPIKE, "timePeriodInMilliseconds": 60}, "5 requests in 0.06 s"),
        (
            "rate-limiting",
            {"rateLimits": [{"maximumRequests": 100, "timePeriodInMilliseconds": 60}]},
            "timePeriodInMilliseconds is 60, which allows 100 requests in 0.06 s",
        ),
        ("header-injection", {}, "adds nothing"),
        ("header-removal", {}, "removes nothing"),
        ("header-removal", {"inboundHeaders": ["Host"]}, "host cannot be removed"),
        ("header-removal", {"inboundHeaders": ["Host", "x-.*"]}, "host cannot be removed"),
    ],
)
def test_what_was_probably_not_meant_has_a_warning(
    policy_type: str, configuration: dict[str, Any], warning: str
) -> None:
    """The policy can be enforced, at least with some settings of the adapter."""
    found = check(policy_type, configuration, None)
    assert found["faults"] == []
    (told,) = found["warnings"]
    assert warning in told


@pytest.mark.parametrize(
    ("policy_type", "configuration"),
    [
        ("jwt-validation", JWKS),
        ("jwt-validation", {**HMAC, "supportedAudiences": "", "mandatoryCustomClaims": []}),
        ("jwt-validation", {**HMAC, **CUSTOM, "mandatoryCustomClaims": [{**ISS, "value": "me"}]}),
        ("ldap-authentication", LDAP),
        ("oauth2-token-introspection", INTROSPECTION),
        ("cors", {}),
        ("spike-control", {**SPIKE, "delayAttempts": 1, "delayTimeInMillis": 1000}),
        ("header-removal", {"inboundHeaders": ["x-internal"]}),
        ("header-injection", {"outboundHeaders": [{"key": "x-a", "value": "#[1]"}]}),
    ],
)
def test_ordinary_policies_have_none(policy_type: str, configuration: dict[str, Any]) -> None:
    """Forms also send settings that have no effect, with their defaults."""
    assert check(policy_type, configuration, None) == {"faults": [], "warnings": []}


def test_a_list_of_objects_gets_an_example() -> None:
    """The fix is to see what is expected."""
    found = faults("cors", {"publicResource": False, "originGroups": [{"allowedMethods": ["GET"]}]})
    assert found["configurationData.originGroups.0.allowedMethods.0"] == (
        'must be an object, such as {"methodName": "GET"}'
    )


def test_the_control_plane_finds_the_check() -> None:
    """By its entry point, since neither package imports the other."""
    (found,) = entry_points(group="envoy_policy_adapter.policy_check")
    assert found.load() is check


def command(file: Path) -> Result:
    """Run `policy-adapter check-policy FILE`."""
    return CliRunner().invoke(app, ["check-policy", str(file)])


def test_the_command_checks_a_file(tmp_path: Path) -> None:
    """A good policy in YAML with short names, with a warning."""
    file = tmp_path / "policy.yaml"
    file.write_text("type: client-id-enforcement\nconfiguration: {}\n")
    done = command(file)
    assert done.exit_code == 0
    warning, end = done.stdout.splitlines()
    assert warning.startswith("warning: clientSecretExpression is empty")
    assert end == "the policy is valid: client-id-enforcement"


def test_the_command_prints_a_line_for_each_mistake(tmp_path: Path) -> None:
    """The body of a POST in JSON, and exit code 1."""
    file = tmp_path / "policy.json"
    body = {
        "assetId": "rate-limiting",
        "assetVersion": "1.0.0",
        "order": 1,
        "configurationData": {"rateLimits": [], "exposeHeaders": "sometimes"},
        "pointcutData": [{"methodRegex": "get", "uriTemplateRegex": None}],
    }
    file.write_text(json.dumps(body))
    done = command(file)
    assert done.exit_code == 1
    assert [line.partition(": ")[0] for line in done.stdout.splitlines()] == [
        "configurationData.rateLimits",
        "configurationData.exposeHeaders",
        "pointcutData.0.methodRegex",
    ]


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"type": "system", "id": 5, "policyId": 5, "template": {"assetId": "cors"}},
        {"audit": {"created": {"date": "2026-01-01"}}, "apiId": 2, "version": "1.0.0"},
        {"label": "all pages", "apiVersionId": 2, "upstreamIds": [], "warnings": ["none"]},
        {"ruleOfApplication": {"environmentId": "e"}, "configuration": {}},
    ],
)
def test_a_file_may_have_what_the_platform_shows(tmp_path: Path, more: dict[str, Any]) -> None:
    """An answer to a GET, the body of a POST, or an automated policy."""
    file = tmp_path / "policy.json"
    file.write_text(json.dumps({"assetId": "cors", "configurationData": {}, **more}))
    done = command(file)
    assert (done.exit_code, done.stdout) == (0, "the policy is valid: cors\n")


def test_a_wrong_entry_does_not_make_a_list_empty() -> None:
    """One mistake has one message."""
    found = faults("message-logging", {"loggingConfiguration": [{"itemData": {"message": "m"}}]})
    assert list(found) == ["configurationData.loggingConfiguration.0.itemData.level"]


def test_an_unsupported_expression_names_the_page_with_what_is_supported() -> None:
    """The useful words come first."""
    message = faults("rate-limiting", {**LIMITS, "keySelector": "#[payload.id]"})
    assert message["configurationData.keySelector"].endswith(
        "; docs/policies/expressions.md lists what is supported"
    )
    assert len(message["configurationData.keySelector"]) < 200


@pytest.mark.parametrize(
    ("content", "code", "told"),
    [
        ("typ: cors", 1, "assetId: is required"),
        ("type: 5", 1, "assetId: must be text"),
        ("{assetId: rate-limiting, type: cors}", 1, "type: this setting is not supported"),
        ("{type: cors, pointcut: GET}", 1, "pointcutData: must be a list"),
        ("{type: cors, pointcut: [{methods: GET}]}", 1, "pointcutData.0.methods: this setting"),
        ("{type: cors, configuration: []}", 1, "configurationData: must be an object"),
        ("- 1", 2, "has no policy"),
        ("", 2, "has no policy"),
        ("type: [", 2, "neither JSON nor YAML"),
        ("type: \0", 2, "neither JSON nor YAML"),
        ("{type: cors, configuration: {a: 2024-01-01}}", 2, "a date"),
        ("type: \udcff", 2, "not UTF-8"),
    ],
)
def test_a_file_without_a_policy_is_refused(
    tmp_path: Path, content: str, code: int, told: str
) -> None:
    """The message says what to write."""
    file = tmp_path / "policy.yaml"
    file.write_bytes(content.encode("utf-8", "surrogateescape"))
    done = command(file)
    assert done.exit_code == code
    assert told in done.output


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """As for the settings."""
    done = command(tmp_path / "none.yaml")
    assert done.exit_code == 2
    assert "none.yaml: No such file" in done.output


def test_each_type_can_be_checked() -> None:
    """Without a configuration, each says what it needs, or accepts its defaults."""
    for policy_type in POLICY_TYPES:
        assert "assetId" not in faults(policy_type, {})
