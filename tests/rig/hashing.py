"""A hasher that takes no time, for tests that log in."""

from control_plane.accounts.hashing import LoginHasher


def quick_hasher() -> LoginHasher:
    """The least that Argon2 allows; hashes of old databases were made with the least of scrypt."""
    return LoginHasher(memory_kib=8, passes=1, old_cost=2)
