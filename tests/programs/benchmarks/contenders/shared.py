"""assetstream's readers of accounts that another process owns: ``RemoteGroup``."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, Iterator, Sequence

import redis

from assetstream import RemoteGroup
from tests.programs.benchmarks.contenders.base import Account, Contender, OnAsset
from tests.programs.benchmarks.contenders.owner import LOG
from tests.programs.benchmarks.contenders.sdk import Readiness, handler
from tests.support.engines import EngineServer

__all__ = ["Client"]

#: As others' consumers do.
COUNT, BLOCK_MS = 500, 250


class Client(Contender):
    """One reader of all accounts; ready when it has all, and their owner has.

    Args:
        way: "relay", or "hand": ``XREAD`` in a loop, what one writes without.
    """

    def __init__(self, way: str) -> None:
        self._way = way
        self._readiness = Readiness()
        self._engine = EngineServer("redis")
        self._owner: subprocess.Popen[str] | None = None

    def start(self, accounts: Sequence[Account], on_asset: OnAsset) -> None:
        with other_cores():
            self._engine.start()
            task = {"way": self._way, "url": self._engine.url, "accounts": accounts}
            self._owner = subprocess.Popen(
                [sys.executable, "-m", f"{__package__}.owner"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        assert self._owner.stdin is not None
        self._owner.stdin.write(f"{json.dumps(task)}\n")
        self._owner.stdin.flush()
        if self._way == "hand":
            reader = threading.Thread(target=self._read, args=(on_asset,), daemon=True)
            reader.start()
            return
        self._readiness.wanted = len(accounts)
        self._group = RemoteGroup(
            self._engine.url,
            [account.access_key for account in accounts],
            on_asset=handler(on_asset),
            on_state=self._readiness.changed,
        )
        self._group.start(wait=False)

    def wait_ready(self, timeout: float) -> None:
        assert self._owner is not None
        assert self._owner.stdout is not None
        if self._owner.stdout.readline() != "LIVE\n":
            raise TimeoutError("the owner has ended")
        self._readiness.wait(timeout)

    def used_by_others(self) -> float:
        assert self._owner is not None
        with open(f"/proc/{self._owner.pid}/stat", encoding="ascii") as file:
            words = file.read().rpartition(")")[2].split()
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")

    def close(self) -> None:
        if self._owner is not None:
            self._owner.kill()
            self._owner.communicate()
        self._engine.kill()

    def _read(self, on_asset: OnAsset) -> None:
        engine: Any = redis.Redis.from_url(self._engine.url)
        last = b"$"
        while True:
            for _, entries in engine.xread({LOG: last}, COUNT, BLOCK_MS) or ():
                last = entries[-1][0]
                for _, fields in entries:
                    read = json.loads(fields[b"d"])
                    amounts = Decimal(read["available"]), Decimal(read["locked"])
                    on_asset(read["currency"], *amounts)


@contextmanager
def other_cores() -> Iterator[None]:
    """Start processes that may run on every core, as the system likes."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    own = os.sched_getaffinity(0)
    os.sched_setaffinity(0, range(os.cpu_count() or 1))
    try:
        yield
    finally:
        os.sched_setaffinity(0, own)
