"""Response times in a histogram whose buckets grow by 4 %, from which percentiles are read.

A time of `t` microseconds is in bucket `floor(ln t / ln 1.04)`. Each bucket is one row, so
histograms of several minutes or APIs are merged by adding. A percentile is at most 2 % wrong. The
idea is that of DDSketch (Masson et al., VLDB 2019) with a fixed layout.
"""

import math
from collections.abc import Mapping
from typing import Final

LAYOUT: Final = 1
"""The number of this layout. Another base needs another number: buckets would not be the same."""

_BASE: Final = math.log(1.04)


def bucket(milliseconds: int) -> int:
    """The bucket of a response time. A time of 0 ms is in bucket 0, as one microsecond is."""
    return int(math.log(max(1, milliseconds * 1000)) / _BASE)


def milliseconds_of(number: int) -> float:
    """The time in the middle of a bucket, which is within 2 % of all times in it."""
    return 0.0 if number == 0 else math.exp((number + 0.5) * _BASE) / 1000


def percentile(histogram: Mapping[int, int], percent: float) -> float | None:
    """The time that `percent` of the requests did not exceed; None without requests.

    The rank is the nearest one (ceil): the 50th of 3 times is the second.
    """
    rank = math.ceil(sum(histogram.values()) * percent / 100)
    for number in sorted(histogram):
        rank -= histogram[number]
        if rank <= 0:
            return milliseconds_of(number)
    return None
