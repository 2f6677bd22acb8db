"""ldap-authentication: allows users whose password an LDAP server confirms."""

import re
from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, StringConstraints

from adapter.policy.concealed import Concealed
from adapter.policy.effects.effect import Verdict
from adapter.policy.effects.user import Authenticate, Verification
from adapter.policy.evaluation import Evaluation
from adapter.policy.ldap_directory import LdapAccount, LdapDirectory
from adapter.policy.outbound_hosts import objection_to_host
from adapter.policy.policies.shared.basic_authentication import invalid_user, user_password
from adapter.policy.policies.shared.configuration import Configuration, read_configuration
from adapter.policy.rule import Rule
from adapter.policy.verdicts import Conclusion, Deny

_PORTS: Final = {"ldap": 389, "ldaps": 636}
_HOST: Final = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+")
_NO_PASSWORD: Final = invalid_user("the password is empty")

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


def _readable(url: str) -> str:
    _scheme_host_port(url)
    return url


def _with_a_place(text: str) -> str:
    if "{0}" not in text:
        raise ValueError(
            "must contain {0}, which stands for the user's name; for example (uid={0})"
        )
    if text.count("(") != text.count(")"):
        raise ValueError("has a parenthesis without its partner; for example (uid={0})")
    return text


class LdapAuthentication(Configuration):
    """Allows users whose password an LDAP server confirms."""

    server_url: Annotated[str, AfterValidator(_readable)] = Field(
        "ldap://127.0.0.1:389", alias="ldapServerURL", examples=["ldaps://ldap.example.com"]
    )
    """The LDAP server: `ldaps` or `ldap`, host and port. Only `ldaps` protects passwords."""
    server_user_dn: Text = Field(
        alias="ldapServerUserDn", examples=["cn=gateway,dc=example,dc=com"]
    )
    """The account that searches for users on the server."""
    server_user_password: Annotated[SecretStr, StringConstraints(min_length=1)] = Field(
        alias="ldapServerUserPassword"
    )
    """The password of this account."""
    search_base: Text = Field(alias="ldapSearchBase", examples=["ou=people,dc=example,dc=com"])
    """The entry below which users are."""
    search_filter: Annotated[Text, AfterValidator(_with_a_place)] = Field(
        "(uid={0})", alias="ldapSearchFilter"
    )
    """The filter that finds a user (RFC 4515). `{0}` stands for the user name."""
    search_in_subtree: bool = Field(False, alias="ldapSearchInSubtree")
    """Whether users may be anywhere below the base, or only directly below it."""

    @property
    def directory(self) -> LdapDirectory:
        """Where users are looked up."""
        scheme, host, port = _scheme_host_port(self.server_url)
        password = Concealed(self.server_user_password.get_secret_value())
        account = LdapAccount(scheme == "ldaps", host, port, self.server_user_dn, password)
        return LdapDirectory(account, self.search_base, self.search_filter, self.search_in_subtree)


def compile_ldap_authentication(given: Mapping[str, Any]) -> Rule:
    """Compile the policy; raises PolicyError."""
    directory = read_configuration(LdapAuthentication, given).directory

    def evaluate(evaluation: Evaluation) -> Verdict:
        user = user_password(evaluation)
        if isinstance(user, Deny):
            return user
        if not user.password:
            return _NO_PASSWORD
        settled = partial(_verdict, evaluation)
        return Authenticate(directory, user.name, Concealed(user.password), settled)

    return Rule(evaluate, needs=(directory,))


def _verdict(evaluation: Evaluation, found: Verification) -> Conclusion:
    if found.refusal:
        return invalid_user(found.refusal)
    return evaluation.identity_of_user(found.principal)


def _scheme_host_port(text: str) -> tuple[str, str, int]:
    """Take an LDAP URL apart. Raise ValueError that names the fault, without a password."""
    try:
        url = urlsplit(text.strip())
        host, port = url.hostname or "", url.port
    except ValueError:
        raise ValueError("is not a URL; write one such as ldaps://ldap.example.com") from None
    if url.scheme not in _PORTS or not _HOST.fullmatch(host):
        raise ValueError("must be an ldap or ldaps URL with a host, such as ldaps://ldap.example")
    if "@" in url.netloc:
        raise ValueError("a user in the URL is not supported; set ldapServerUserDn")
    if url.path.strip("/") or url.query or url.fragment:
        raise ValueError("a URL with more than host and port is not supported; set ldapSearchBase")
    objection = objection_to_host(host)
    if objection is not None:
        raise ValueError(objection)
    return url.scheme, host, port or _PORTS[url.scheme]
