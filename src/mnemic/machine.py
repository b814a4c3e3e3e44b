"""What the machine gives this process."""

from __future__ import annotations

import os
from pathlib import Path


def cores(quota: Path = Path("/sys/fs/cgroup/cpu.max")) -> int:
    """How many cores this process may use: those it may run on, or a container's share of them.

    Args:
        quota: where Linux says how many microseconds of processor there are a period.
    """
    try:
        found = len(os.sched_getaffinity(0))
    except AttributeError:  # not Linux
        found = os.cpu_count() or 1
    try:
        time_us, period_us = quota.read_text().split()
        return max(1, min(found, int(time_us) // int(period_us)))
    except (OSError, ValueError, ZeroDivisionError):  # no container, or "max": no quota
        return found
