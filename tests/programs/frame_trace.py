"""The way of one pushed frame: ``python -m tests.programs.frame_trace`` prints calls.

Every Python call is listed that one push of Upbit's costs in the stream's own threads:
in the reader thread until it waits again, and in the thread of the callbacks.
"""

from __future__ import annotations

import argparse
import threading
import time
from collections import Counter
from queue import SimpleQueue
from types import FrameType
from typing import Any

from assetstream import AssetStream, AssetUpdate
from assetstream.simulator import Simulator

__all__ = ["main", "trace"]

PUSHES = 20
#: Seconds after which both threads wait again.
PAUSE = 0.1


def trace() -> dict[str, list[str]]:
    """Return, for each thread's kind, the calls of a push."""
    calls: list[tuple[str, str]] = []
    updates: SimpleQueue[AssetUpdate] = SimpleQueue()
    found: Counter[tuple[tuple[str, str], ...]] = Counter()
    watching = False

    def note(frame: FrameType, event: str, argument: Any) -> None:
        if not watching or event != "call":
            return
        name = threading.current_thread().name
        kind = name.rpartition("-")[2]
        if name.startswith("assetstream-upbit") and kind in THREADS:
            module = frame.f_globals.get("__name__", "").removeprefix("assetstream.")
            calls.append((kind, f"{module}.{frame.f_code.co_name}"))

    threading.setprofile(note)
    try:
        with Simulator() as exchange:
            account = exchange.upbit({"BTC": "1"})
            with AssetStream(account.exchange(), on_asset=updates.put):
                updates.get()
                for _ in range(PUSHES):
                    time.sleep(PAUSE)
                    calls.clear()
                    watching = True
                    account.deposit("BTC", "1")
                    updates.get()
                    time.sleep(PAUSE)
                    watching = False
                    found[tuple(calls)] += 1
    finally:
        threading.setprofile(None)
    usual = found.most_common(1)[0][0]
    return {kind: [name for k, name in usual if k == kind] for kind in THREADS}


#: Endings of the names of a stream's threads.
THREADS = ("reader", "callbacks")


def main() -> None:
    """Print the calls in their order, and their number."""
    argparse.ArgumentParser(
        prog="python -m tests.programs.frame_trace", description=__doc__
    ).parse_args()
    found = trace()
    for kind, names in found.items():
        print(f"{kind}:")
        for name in names:
            print(f"  {name}")
    print(" ".join(f"{kind}={len(names)}" for kind, names in found.items()))


if __name__ == "__main__":
    main()
