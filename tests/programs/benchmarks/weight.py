"""Memory, threads and open files of this process."""

from __future__ import annotations

import gc
import os
import resource
import threading
from pathlib import Path
from typing import NamedTuple

__all__ = ["Weight", "raise_limits"]

ROLLUP = Path("/proc/self/smaps_rollup")


class Weight(NamedTuple):
    """Memory, threads and files of this process at one moment."""

    rss_kb: float
    pss_kb: float
    threads: int
    files: int

    @classmethod
    def now(cls) -> Weight:
        """Collect garbage, then weigh this process."""
        gc.collect()
        if not ROLLUP.exists():
            rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            return cls(rss, rss, threading.active_count(), 0)
        lines = (line.split() for line in ROLLUP.read_text().splitlines()[1:])
        sizes = {words[0]: float(words[1]) for words in lines}
        return cls(
            sizes["Rss:"],
            sizes["Pss:"],
            len(os.listdir("/proc/self/task")),
            len(os.listdir("/proc/self/fd")),
        )


def raise_limits() -> int:
    """Allow as many open files as the system permits; return how many."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most
