"""Authenticates users against LDAP servers (RFC 4511).

A user is searched with the policy's account, and then the entry that was found is bound with the
user's password. The library `sansldap` encodes and decodes messages; connections are ours, because
the address of each has to be checked. Modules that import the library are imported when the first
LDAP policy is compiled: it is an optional extra of the package.
"""
