"""Helpers for tests of groups: streams for many accounts, names of threads."""

from __future__ import annotations

import threading
import time
from typing import Any, Callable

from assetstream import AssetStream
from assetstream.simulator import Simulator
from assetstream.simulator.account import Account
from tests.support.event_recorder import PATIENCE

__all__ = ["BALANCES", "group_threads", "open_accounts", "streams", "wait_until"]

BALANCES = {"BTC": "1", "USDT": "1000"}


def open_accounts(exchange: Simulator) -> dict[str, Account]:
    """Open four accounts on each exchange; return them by their streams' labels."""
    upbit = {f"upbit-{n}": exchange.upbit(BALANCES) for n in range(4)}
    coinw = {f"coinw-{n}": exchange.coinw(BALANCES) for n in range(4)}
    return {**upbit, **coinw}


def streams(accounts: dict[str, Account], **options: Any) -> list[AssetStream]:
    """Make a stream for each account, without starting it."""
    return [
        AssetStream(account.exchange(), account=label, **options)
        for label, account in accounts.items()
    ]


def wait_until(met: Callable[[], object]) -> None:
    """Poll a condition that no event reports."""
    deadline = time.monotonic() + PATIENCE
    while not met():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def group_threads() -> list[str]:
    """Return the threads of groups by name."""
    names = (thread.name for thread in threading.enumerate())
    return sorted(name for name in names if name.startswith("assetstream-group"))
