"""Authentication by LDAP servers."""
