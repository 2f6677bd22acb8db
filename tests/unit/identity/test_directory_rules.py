"""Which LDAP directories policies may use."""

import subprocess
import sys

import pytest

from adapter.app.needs import objection_to_needs
from adapter.policy.concealed import Concealed
from adapter.policy.ldap_directory import LdapAccount, LdapDirectory
from adapter.policy.need import Need
from adapter.settings.groups import IdentitySettings

_WITHOUT_LIBRARY = """
import sys
sys.modules["sansldap"] = None  # As if it was not installed: an import raises ImportError.
from adapter.app.needs import objection_to_needs
from adapter.policy.catalog import ApiContent, ApiInstance, AppliedPolicy
from adapter.policy.rule_pool import RulePool
from adapter.policy.snapshot import build_api
from adapter.settings.groups import IdentitySettings
from adapter.app.adapter import Adapter
where = {"ldapServerUserDn": "cn=a", "ldapServerUserPassword": "b", "ldapSearchBase": "dc=c"}
policies = (AppliedPolicy("1", "ldap-authentication", where),)
content = ApiContent(ApiInstance("7", "orders"), policies)
print(build_api(content, RulePool(), objection=objection_to_needs(IdentitySettings())).faults)
"""


def directory(host: str = "ldap.example.com", search_filter: str = "(uid={0})") -> LdapDirectory:
    """The users of a server."""
    account = LdapAccount(True, host, 636, "cn=adapter", Concealed("hunter2"))
    return LdapDirectory(account, "dc=example", search_filter, False)


def objection(wanted: Need, **settings: object) -> str | None:
    """What is said against it under these settings, if the extra is installed."""
    group = IdentitySettings.model_validate(settings)
    return objection_to_needs(group, ldap_installed=True)(wanted)


NOT_INSTALLED = objection_to_needs(IdentitySettings(), ldap_installed=False)


def test_a_public_host_may_be_used() -> None:
    """Also one that the operator lists, or whose parent is listed."""
    assert objection(directory()) is None
    assert objection(directory(), allowed_hosts=["LDAP.example.com"]) is None
    assert objection(directory(), allowed_hosts=["*.example.com"]) is None
    assert objection(directory("10.1.2.3"), allow_networks=["10.1.0.0/16"]) is None


@pytest.mark.parametrize(
    ("host", "settings", "complaint"),
    [
        ("ldap.example.com", {"allowed_hosts": ["other.example.com"]}, "identity.allowed_hosts"),
        ("ldap.example.com", {"allowed_hosts": []}, "identity.allowed_hosts"),
        ("127.0.0.1", {}, "identity.allow_networks"),
        ("::1", {}, "identity.allow_networks"),
        ("169.254.169.254", {"allow_networks": ["0.0.0.0/0"]}, "link-local"),
    ],
)
def test_a_host_that_must_not_be_called_is_named(
    host: str, settings: dict[str, object], complaint: str
) -> None:
    """Together with the setting that would allow it."""
    reason = objection(directory(host), **settings)
    assert reason is not None
    assert reason.startswith(f"ldapServerURL: {host}: ")
    assert complaint in reason


def test_all_faults_are_told_at_once() -> None:
    """The admin mends the host and the filter in one go."""
    reason = objection(directory("127.0.0.1", "(uid="))
    assert reason is not None
    assert "ldapSearchFilter" in reason
    assert "ldapServerURL" in reason


def test_without_the_extra_the_reason_is_the_command_to_install_it() -> None:
    """Nothing else is said then, because nothing else can be checked."""
    reason = NOT_INSTALLED(directory("127.0.0.1"))
    assert reason is not None
    assert reason.endswith("pip install 'envoy-policy-adapter[ldap]'")


def test_without_the_library_the_rest_of_the_adapter_works() -> None:
    """Nothing imports it where no LDAP policy is used; such a policy closes its API."""
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT_LIBRARY], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "pip install 'envoy-policy-adapter[ldap]'" in done.stdout


def test_other_needs_are_not_judged_here() -> None:
    """They have rules of their own."""
    assert NOT_INSTALLED(Need()) is None
