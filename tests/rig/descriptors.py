"""Lets the process run out of file descriptors."""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager

_FEW = 64


@contextmanager
def no_descriptor_left(but: int = 0) -> Iterator[None]:
    """During the block, this process can open only `but` more descriptors."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = max(int(name) for name in os.listdir("/dev/fd"))
    resource.setrlimit(resource.RLIMIT_NOFILE, (highest + _FEW, hard))
    taken = []
    try:
        while True:
            try:
                taken.append(os.dup(0))
            except OSError:
                break
        for _ in range(but):
            os.close(taken.pop())
        yield
    finally:
        for descriptor in taken:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
