"""The CPU of many accounts that are idle, and compared with REST all the same."""

from __future__ import annotations

import time
from typing import Sequence

from tests.programs.benchmarks.contenders.base import Account, Contender
from tests.programs.benchmarks.control import Control
from tests.programs.benchmarks.kinds.common import Figures, begin, settle

__all__ = ["audits"]


def audits(
    client: Contender,
    control: Control,
    accounts: Sequence[Account],
    settles: float,
    idle: float,
) -> Figures:
    """Measure CPU and REST reads of ``idle`` seconds.

    First ``settles`` seconds of its clock pass, until the two audits are done that
    follow a start, and the regular ones are spread over their interval.
    """
    begin(client, control, accounts, lambda currency, available, locked: None)
    settle(client, control, settles)
    reads, began, cpu_began = control.reads(), time.monotonic(), time.process_time()
    time.sleep(idle)
    used, elapsed = time.process_time() - cpu_began, time.monotonic() - began
    done = control.reads() - reads
    return {
        "cpu": used / elapsed * 100,
        "reads": done / elapsed,
        # No figure, without a read.
        **({"read_us": used / done * 1e6} if done else {}),
    }
