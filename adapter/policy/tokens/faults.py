"""Why a token is refused."""


class TokenFault(Exception):  # noqa: N818 - a reason for a denial, not a failure of ours
    """The token is invalid. The message is for operators; it never contains the token."""


class UnknownKeyFault(TokenFault):
    """None of the given keys verifies the token, but a newer key set might have one that does."""
