"""The memory of accounts that have been busy for hours."""

from __future__ import annotations

import threading
from typing import Any, Sequence

from tests.programs.benchmarks.contenders.base import Account, Contender
from tests.programs.benchmarks.control import Control
from tests.programs.benchmarks.kinds.common import (
    Figures,
    begin_weighed,
    settle,
    wait_for,
)
from tests.programs.benchmarks.weight import Weight

__all__ = ["age"]


def age(
    client: Contender,
    control: Control,
    accounts: Sequence[Account],
    settles: float,
    updates: int,
) -> Figures:
    """Weigh an account before and after ``updates``, one a second of its own clock.

    The clock moves on by a second, then every account is sent one frame of that time,
    and when the last has been handled it moves on again: whatever is remembered for so
    long is forgotten as after as many real seconds, and no slow machine is in arrears.
    """
    count, wanted = 0, 0
    handled = threading.Event()

    def on_asset(currency: str, available: Any, locked: Any) -> None:
        nonlocal count
        count += 1
        if count == wanted:
            handled.set()

    each = len(accounts) - 1
    before = begin_weighed(client, control, accounts, on_asset)
    settle(client, control, settles)
    idle = Weight.now()
    found: dict[int, Weight] = {}
    for number in range(1, updates + 1):
        handled.clear()
        wanted = len(accounts) * number
        client.tick()
        control.round(client.wall())
        wait_for(handled)
        if number in (updates // 10, updates):
            found[number] = Weight.now()
    tenth, all_of_them = found[updates // 10], found[updates]
    return {
        "busy_kb": (all_of_them.pss_kb - before.pss_kb) / each,
        "tenth_kb": (tenth.pss_kb - before.pss_kb) / each,
        "idle_kb": (idle.pss_kb - before.pss_kb) / each,
        "folded": updates * len(accounts) - count,
    }
