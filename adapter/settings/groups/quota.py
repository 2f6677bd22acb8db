"""Where rate limits are counted."""

from typing import Annotated, Literal

from pydantic import (
    Field,
    SecretStr,
    model_validator,
)

from adapter.settings.groups.group import Group
from adapter.settings.values import (
    FilledPath,
    Seconds,
    of_form,
)


class QuotaSettings(Group):
    """Where rate limits are counted; docs/quotas.md says how many requests each way may admit."""

    store: Literal["memory", "redis"] = "memory"
    """`memory`: each process counts alone. `redis`: all count on one Redis or Valkey server."""
    processes: Annotated[int, Field(ge=1)] = 1
    """Adapters that share the traffic, each with all its workers. With `memory`, each process
    admits the full limit."""
    max_windows: Annotated[int, Field(ge=1)] = 1_000_000
    """Most counters at once. A policy may hold at most as many as are still free, so half of them
    if it is alone. Above that, its requests that need another counter are refused."""
    file: FilledPath | None = None
    """File in which this process keeps its counters over a restart. Default: `quota-windows` in
    `state_directory`."""
    file_interval_s: Seconds = 5
    """Time between two writes of the file."""
    url: SecretStr | None = None
    """Address of the server, with user and password: `redis://`, `rediss://`, `redis+sentinel://`,
    `redis+cluster://`."""
    when_down: Literal["local", "deny", "allow"] = "local"
    """While the server is down: each process counts alone, denies, or allows."""
    deadline_s: Seconds = 0.05
    """Longest wait for the server's answer, in each Check."""
    connections: Annotated[int, Field(ge=1, le=64)] = 4
    """Connections to the server, or to each node of a cluster."""
    prefix: Annotated[
        str, of_form("[^{}]*", "contain no braces, which would break a cluster's hash tags")
    ] = "policy-adapter:quota:"
    """Prefix of the keys on the server."""
    secret: SecretStr | None = None
    """Key for hashing the names of counters, so that nobody can guess them. The same in all
    processes."""
    ca_file: FilledPath | None = None
    """PEM file of CAs that the server's certificate is checked against. Default: the system's."""
    certificate_file: FilledPath | None = None
    """PEM file of our own certificate, for a server that asks for one."""
    key_file: FilledPath | None = None
    """PEM file of its key."""
    sentinel_username: str | None = None
    sentinel_password: SecretStr | None = None

    @model_validator(mode="after")
    def _url_for_redis(self) -> "QuotaSettings":
        if (self.store == "redis") != (self.url is not None):
            raise ValueError("set both store: redis and url, or neither")
        return self
