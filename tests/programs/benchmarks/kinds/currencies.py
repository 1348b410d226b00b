"""The cost of an update by the number of currencies that the account holds."""

from __future__ import annotations

from typing import Sequence

from tests.programs.benchmarks.contenders.base import Account, Contender
from tests.programs.benchmarks.control import Control
from tests.programs.benchmarks.kinds.burst import pour
from tests.programs.benchmarks.kinds.common import (
    SETTLES,
    Figures,
    Tally,
    begin_more,
    settle,
)

__all__ = ["currencies"]


def currencies(
    client: Contender,
    control: Control,
    accounts: Sequence[Account],
    held: Sequence[int],
    frames: int,
) -> Figures:
    """Measure a burst to an account of each size, in turn, in this one process.

    The account holds its currencies before, and all are pushed once to warm up.
    """
    each: list[Figures] = []
    for number, size in enumerate(held):
        tally = Tally()
        control.hold(size)
        begin_more(client, control, accounts[: number + 1], number, tally.handler())
        settle(client, control, SETTLES)
        each.append(pour(client, control, tally, frames, warm=size))
    digits = {figures["digits"] for figures in each}
    return {
        **{f"us_{size}": each[n]["us"] for n, size in enumerate(held)},
        "growth": each[-1]["us"] / each[0]["us"],
        "folded": max(figures["folded"] for figures in each),
        "digits": next(d for d in ("WRONG", "lost", "exact") if d in digits),
    }
