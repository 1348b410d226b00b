"""The cost of an update where the next one is there already."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import Any, Sequence

from tests.programs.benchmarks.contenders.base import Account, Contender
from tests.programs.benchmarks.control import Control
from tests.programs.benchmarks.kinds.common import (
    SETTLES,
    Figures,
    Tally,
    begin,
    settle,
    wait_for,
)

__all__ = ["burst", "pour"]


def burst(
    client: Contender, control: Control, accounts: Sequence[Account], frames: int
) -> Figures:
    """Measure the time from the server's first byte to the last callback."""
    tally = Tally(len(accounts))
    begin(client, control, accounts, tally.handler())
    settle(client, control, SETTLES)
    return pour(client, control, tally, frames, active=len(accounts))


def pour(
    client: Contender,
    control: Control,
    tally: Tally,
    frames: int,
    warm: int = 0,
    active: int = 1,
) -> Figures:
    """Send a tenth of a burst to warm up, or ``warm`` frames, then the burst."""
    control.burst(max(frames // 10, warm), active)
    wait_for(tally.ended)
    tally.restart()
    before, others = time.process_time(), client.used_by_others()
    began = control.burst(frames, active)
    wait_for(tally.ended)
    elapsed = time.monotonic() - began
    used = time.process_time() - before
    return {
        "us": elapsed / frames * 1e6,
        "cpu_us": used / frames * 1e6,
        "other_cpu_us": (client.used_by_others() - others) / frames * 1e6,
        "folded": frames - tally.count,
        "digits": judge(tally.last, control.balances()),
    }


def judge(last: dict[str, Any], right: dict[str, str]) -> str:
    """Compare the last balances with those sent: exact, lost or WRONG."""
    sent = {currency: Decimal(right[currency]) for currency in last}
    received = {currency: Decimal(str(value)) for currency, value in last.items()}
    if received == sent:
        return "exact"
    near = all(abs(received[code] - sent[code]) < Decimal("0.001") for code in sent)
    return "lost" if near else "WRONG"
