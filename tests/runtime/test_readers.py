"""Threads that read balances while another changes them see whole steps (W2)."""

from __future__ import annotations

import sys
import threading

from assetstream.core.book import BalanceBook
from assetstream.core.present import Present
from assetstream.model.balances import Balances
from tests.support.books import at, report

CURRENCIES = [f"C{number:02}" for number in range(20)]
STEPS = 500


def test_w2_a_reader_that_runs_free_sees_whole_steps() -> None:
    """Each step pushes one amount for all currencies; no copy has two."""
    book = BalanceBook(Present("test", "test-1"))
    book.push([report(c, "0", key=(0, 0)) for c in CURRENCIES], at(0))
    torn: list[set[str]] = []
    copies = 0
    done = threading.Event()

    def read() -> None:
        nonlocal copies
        while not done.is_set():
            shown = Balances(book.present.balances.copy())
            amounts = {str(balance.available) for balance in shown.values()}
            copies += 1
            if len(amounts) != 1:
                torn.append(amounts)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    reader = threading.Thread(target=read)
    reader.start()
    try:
        for step in range(1, STEPS):
            reports = [report(c, str(step), key=(step, 0)) for c in CURRENCIES]
            book.push(reports, at(step / 1000))
    finally:
        done.set()
        reader.join()
        sys.setswitchinterval(interval)

    assert copies
    assert not torn
