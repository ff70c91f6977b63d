"""How much memory a process of the bench took. The standard library alone: Perceval's side reads it too."""

from __future__ import annotations

import resource
from pathlib import Path


def peak_mb() -> float:
    """The most that this process ever held in memory, in MB.

    Of Linux the kernel's own mark: in `ru_maxrss` it counts what the parent held when it started us.
    """
    status = Path("/proc/self/status")
    if status.exists():
        marks = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(marks["VmHWM"].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
