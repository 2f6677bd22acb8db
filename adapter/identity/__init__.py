"""The edge to identity providers: who calls, as far as only others can say.

Policies are pure, so they return effects such as "verify this token". This package settles them:
it fetches key sets, asks introspection endpoints and LDAP servers, and remembers what they said.
"""
