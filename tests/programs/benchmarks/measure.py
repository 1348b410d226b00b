"""One measurement of one contender, in this process: figures as JSON on stdout.

::

    python -m tests.programs.benchmarks.measure '{"kind": "burst", ...}'
"""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
import time
from decimal import Decimal
from typing import Any, Callable

from tests.programs.benchmarks.contenders import ENTRIES
from tests.programs.benchmarks.contenders.base import (
    Account,
    Contender,
    WithoutReadiness,
)
from tests.programs.benchmarks.control import Control, Lost
from tests.programs.benchmarks.cores import pin
from tests.programs.benchmarks.frames import END
from tests.programs.benchmarks.weight import Weight, raise_limits

__all__ = ["main"]

#: The longest that anything may take, seconds.
PATIENCE = 120.0
#: A thousand accounts, five connects a second at most, and some reserve.
START_PATIENCE = 300.0
RECOVERY_PATIENCE = 300.0

#: Where Upbit's private WebSocket is, and Bybit's.
PATHS = {"upbit": "/websocket/v1/private", "bybit": "/v5/private"}

Figures = dict[str, Any]


def burst(client: Contender, control: Control, accounts: Any, frames: int) -> Figures:
    """Measure the time from the server's first byte to the last callback."""
    last: dict[str, Any] = {}
    count = 0
    ended = threading.Event()

    def on_asset(currency: str, available: Any, locked: Any) -> None:
        nonlocal count
        count += 1
        last[currency] = available
        if currency == END:
            ended.set()

    begin(client, control, accounts, on_asset)
    before = time.process_time()
    began = control.burst(frames)
    wait_for(ended)
    elapsed = time.monotonic() - began
    used = time.process_time() - before
    return {
        "us": elapsed / frames * 1e6,
        "cpu_us": used / frames * 1e6,
        "rate": frames / elapsed,
        "folded": frames - count,
        "digits": judge(last, control.balances()),
    }


def latency(
    client: Contender,
    control: Control,
    accounts: Any,
    frames: int,
    rate: float,
    busy: bool,
) -> Figures:
    """Measure the time from the server's stamp to the callback, microseconds."""
    seen: list[tuple[float, Any]] = []
    ended = threading.Event()

    def on_asset(currency: str, available: Any, locked: Any) -> None:
        seen.append((time.monotonic(), locked))
        if currency == END:
            ended.set()

    begin(client, control, accounts, on_asset)
    seen.clear()
    before = time.process_time()
    control.load(frames, rate)
    if busy:
        compute_until(ended)
    else:
        wait_for(ended)
    used = time.process_time() - before
    # The first tenth warms caches up.
    delays = sorted(
        at - float(locked) for at, locked in seen[len(seen) // 10 :] if locked
    )
    return {
        "p50": delays[len(delays) // 2] * 1e6,
        "p99": delays[int(len(delays) * 0.99)] * 1e6,
        "p999": delays[int(len(delays) * 0.999)] * 1e6,
        "cpu_us": used / frames * 1e6,
        "folded": frames - len(seen),
    }


def accounts(
    client: Contender, control: Control, accounts: Any, idle: float
) -> Figures:
    """Measure the cost of each of many accounts: to connect, and to keep."""
    before = Weight.now()
    began, cpu_began = time.monotonic(), time.process_time()
    begin(client, control, accounts, lambda currency, available, locked: None)
    ready, cpu_ready = time.monotonic(), time.process_time()
    time.sleep(idle)
    cpu_idle = time.process_time() - cpu_ready
    later = Weight.now()
    each = len(accounts)
    return {
        "pss_kb": (later.pss_kb - before.pss_kb) / each,
        "rss_kb": (later.rss_kb - before.rss_kb) / each,
        "process_mb": later.rss_kb / 1024,
        "threads": later.threads,
        "files": (later.files - before.files) / each,
        "connect_ms": (ready - began) * 1e3 / each,
        "connect_cpu_ms": (cpu_ready - cpu_began) * 1e3 / each,
        "idle_cpu": cpu_idle / idle * 100,
    }


def recovery(client: Contender, control: Control, accounts: Any, drops: int) -> Figures:
    """Measure the time from a reset to the next callback, and to LIVE."""
    arrived = threading.Event()

    def on_asset(currency: str, available: Any, locked: Any) -> None:
        arrived.set()

    begin(client, control, accounts, on_asset)
    times: list[float] = []
    for _ in range(drops):
        arrived.clear()
        dropped = control.drop()
        control.wait(len(accounts), RECOVERY_PATIENCE)
        # A contender with a sign of readiness does not call back for a known balance.
        shows_readiness = len(accounts) > 1 and not isinstance(client, WithoutReadiness)
        if not shows_readiness and not arrived.wait(RECOVERY_PATIENCE):
            raise Lost("no frame arrived after the reconnect")
        client.wait_ready(RECOVERY_PATIENCE)
        times.append(time.monotonic() - dropped)
    times.sort()
    return {"back_ms": times[len(times) // 2] * 1e3, "worst_ms": times[-1] * 1e3}


def begin(client: Contender, control: Control, accounts: Any, on_asset: Any) -> None:
    """Start the contender, and wait until the server sees its subscriptions."""
    client.start(accounts, on_asset)
    control.wait(len(accounts), START_PATIENCE)
    client.wait_ready(START_PATIENCE)


def wait_for(ended: threading.Event) -> None:
    """Wait for the last frame; give the measurement up if none comes."""
    if not ended.wait(PATIENCE):
        raise Lost(f"the last frame did not arrive within {PATIENCE:g} s")


def compute_until(ended: threading.Event) -> None:
    """Compute in Python without a pause, as a user's busy thread does."""
    deadline = time.monotonic() + PATIENCE
    total = 0
    while not ended.is_set():
        for number in range(1000):
            total += number
        if time.monotonic() > deadline:
            raise Lost(f"the last frame did not arrive within {PATIENCE:g} s")


def judge(last: dict[str, Any], right: dict[str, str]) -> str:
    """Compare the last balances with those sent: exact, lost or WRONG."""
    sent = {currency: Decimal(right[currency]) for currency in last}
    received = {currency: Decimal(str(value)) for currency, value in last.items()}
    if received == sent:
        return "exact"
    near = all(abs(received[code] - sent[code]) < Decimal("0.001") for code in sent)
    return "lost" if near else "WRONG"


KINDS: dict[str, Callable[..., Figures]] = {
    "burst": burst,
    "latency": latency,
    "accounts": accounts,
    "recovery": recovery,
}


def measure(
    kind: str,
    contender: str,
    port: int,
    control_port: int,
    tls: bool,
    count: int,
    options: dict[str, Any],
) -> Figures:
    """Run one measurement."""
    secure = "s" if tls else ""
    path = PATHS[ENTRIES[contender].dialect]
    targets = [
        Account(
            f"ws{secure}://127.0.0.1:{port}{path}",
            f"http{secure}://127.0.0.1:{port}",
            f"benchmark-access-key-{number:019d}",
            f"benchmark-secret-key-{number:019d}",
        )
        for number in range(count)
    ]
    client = ENTRIES[contender].make()
    control = Control(control_port)
    try:
        control.clear()
        return KINDS[kind](client, control, targets, **options)
    finally:
        control.close()


def main() -> None:
    """Run the measurement that the command line asks for."""
    pin("client")
    raise_limits()
    logging.getLogger("assetstream").setLevel(logging.CRITICAL)
    task = json.loads(sys.argv[1])
    try:
        figures = measure(**task)
    except (ImportError, AttributeError) as error:
        figures = {"skipped": str(error)}
    except (Lost, TimeoutError) as error:
        figures = {"failed": str(error)}
    print(json.dumps(figures), flush=True)
    # The contender's threads are left to the system.
    os._exit(0)


if __name__ == "__main__":
    main()
