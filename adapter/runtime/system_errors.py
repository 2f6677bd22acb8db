"""What the system says about a failure, without numbers and Python's words."""

import ssl


def system_words(error: OSError | ValueError) -> str:
    """For example "Permission denied" instead of "[Errno 13] Permission denied: '/state'".

    For TLS: OpenSSL's reason, such as "wrong version number".
    """
    if isinstance(error, ssl.SSLError):
        return error.reason.lower().replace("_", " ") if error.reason else "not accepted by OpenSSL"
    return getattr(error, "strerror", None) or str(error)
