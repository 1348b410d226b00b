"""The way back from a reset connection."""

from __future__ import annotations

import threading
import time
from typing import Any, Sequence

from tests.programs.benchmarks.contenders.base import Account, Contender
from tests.programs.benchmarks.control import Control, Lost
from tests.programs.benchmarks.kinds.common import Figures, begin

__all__ = ["recovery"]

PATIENCE = 300.0


def recovery(
    client: Contender, control: Control, accounts: Sequence[Account], drops: int
) -> Figures:
    """Measure the time from a reset to the next callback, and to readiness."""
    arrived = threading.Event()

    def on_asset(currency: str, available: Any, locked: Any) -> None:
        arrived.set()

    begin(client, control, accounts, on_asset)
    times: list[float] = []
    for _ in range(drops):
        arrived.clear()
        dropped = control.drop()
        control.wait(len(accounts), PATIENCE)
        if not arrived.wait(PATIENCE):
            raise Lost("no frame arrived after the reconnect")
        client.wait_ready(PATIENCE)
        times.append((time.monotonic() - dropped) * client.speed)
    times.sort()
    return {"back_ms": times[len(times) // 2] * 1e3, "worst_ms": times[-1] * 1e3}
