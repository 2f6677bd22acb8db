"""A real server for the stores that count on one."""

from tests.rig.quota import redis_server

__all__ = ["redis_server"]
