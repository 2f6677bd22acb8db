"""Filters of admins with users' names in them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sansldap import LDAPFilter

from adapter.errors import PolicyError
from adapter.identity.ldap.search_filter import SearchFilter

FILTERS = (
    "(uid={0})",
    "(&(objectClass=person)(|(uid={0})(mail={0}@example.com)))",
    "(!(uid={0}))",
    "(mail={0}*)",
    "(mail=a*{0}*b)",
    "(uid>={0})",
    "(uid<={0})",
    "(uid~={0})",
    "(uid:caseExactMatch:={0})",
)
NAMES = st.one_of(
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=30),
    st.text("*()\\&|!=~<>:\0{0} ", min_size=1),
)


def escaped(name: str) -> str:
    """As RFC 4515, section 3, says: the independent reference."""
    return re.sub(r"[*()\\\0]", lambda match: f"\\{ord(match.group()):02x}", name)


@given(st.sampled_from(FILTERS), NAMES)
def test_a_name_stands_in_the_filter_as_if_it_was_escaped(text: str, name: str) -> None:
    """Whatever characters it has, it is one value and changes nothing else."""
    wanted = LDAPFilter.from_string(text.replace("{0}", escaped(name)))
    assert SearchFilter(text).for_user(name) == wanted


@pytest.mark.parametrize(
    ("text", "attribute"),
    [
        ("(uid={0})", "uid"),
        ("(&(a=b)(|(!(mail=x{0}))(uid={0})))", "mail"),
        ("(cn=*{0})", "cn"),
        ("(:caseIgnoreMatch:={0})", ""),
    ],
)
def test_the_first_attribute_that_is_compared_names_the_user(text: str, attribute: str) -> None:
    """Its value is the principal."""
    assert SearchFilter(text).attribute == attribute


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "not an LDAP filter"),
        ("uid=", "not an LDAP filter"),
        ("(uid={0}", "not an LDAP filter"),
        ("(uid={0}))", "not an LDAP filter"),
        ("({0}=alice)", "LDAP filter|no value contains"),
        ("(uid=alice)", "no value contains {0}"),
        ("(uid=*)", "no value contains {0}"),
        ("(uid={1})", "no value contains {0}"),
        ("(uid={0}\\zz)", "not an LDAP filter"),
        ("(!" * 65 + "(uid={0})" + ")" * 65, "64 parts"),
        (f"(uid={{0}}{'x' * 2_000})", "2,000 characters"),
    ],
)
def test_a_bad_filter_is_refused_by_name(text: str, complaint: str) -> None:
    """The admin reads which setting is wrong."""
    with pytest.raises(PolicyError, match=complaint) as caught:
        SearchFilter(text)
    assert str(caught.value).startswith("ldapSearchFilter")
