"""Key sets of token issuers (JWKS, RFC 7517, section 5), fetched from the URLs in policies.

They are fetched in the background, as soon as a policy names a URL. A Check waits for a fetch only
if there is no key set yet, or if a token names a key that is not in it.
"""
