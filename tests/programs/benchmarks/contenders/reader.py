"""The interface of the readers of accounts that another process owns."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from typing import Iterator, Sequence

from tests.programs.benchmarks.contenders.base import Account, Contender, OnAsset
from tests.support.engines import EngineServer, free_port

__all__ = ["LoopReader", "Reader"]


class Reader(Contender):
    """A reader of all accounts by an engine; ready when their owner has them.

    All speak TCP with the engine: not every peer can speak it on a UNIX socket.

    Args:
        publisher: the module with the ``publisher`` of the owner's updates; None if
            their owner is a ``Relay``.
        frozen: what lives as long as owner and reader do is kept out of the collector's
            way, as ``assetstream relay`` does, and our documentation says for readers.

    Attributes:
        port: the engine's.
    """

    def __init__(self, publisher: str | None, *, frozen: bool = False) -> None:
        self.port = free_port()
        self._publisher, self._frozen = publisher, frozen
        self._engine = EngineServer("redis", "--port", str(self.port))
        self._owner: subprocess.Popen[str] | None = None

    def start(self, accounts: Sequence[Account], on_asset: OnAsset) -> None:
        with other_cores():
            self._engine.start()
            self._owner = subprocess.Popen(
                [sys.executable, "-m", f"{__package__}.owner"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        assert self._owner.stdin is not None
        task = {
            "publisher": self._publisher,
            "frozen": self._frozen,
            "port": self.port,
            "accounts": accounts,
        }
        self._owner.stdin.write(f"{json.dumps(task)}\n")
        self._owner.stdin.flush()
        self.read(accounts, on_asset)

    def read(self, accounts: Sequence[Account], on_asset: OnAsset) -> None:
        """Start reading, and return."""
        raise NotImplementedError

    def wait_ready(self, timeout: float) -> None:
        assert self._owner is not None
        assert self._owner.stdout is not None
        if self._owner.stdout.readline() != "LIVE\n":
            raise TimeoutError("the owner has ended")

    def settle(self, seconds: float) -> None:
        time.sleep(seconds)
        if self._frozen:
            gc.collect()
            gc.freeze()

    def used_by_others(self) -> float:
        assert self._owner is not None
        with open(f"/proc/{self._owner.pid}/stat", encoding="ascii") as file:
            words = file.read().rpartition(")")[2].split()
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")

    def close(self) -> None:
        if self._owner is not None:
            self._owner.kill()
            self._owner.communicate()
        self._engine.close()


class LoopReader(Reader):
    """A reader of which a thread reads in a loop; its module has the ``publisher``."""

    def __init__(self) -> None:
        super().__init__(publisher=type(self).__module__)

    def read(self, accounts: Sequence[Account], on_asset: OnAsset) -> None:
        threading.Thread(target=self.loop, args=(on_asset,), daemon=True).start()

    def loop(self, on_asset: OnAsset) -> None:
        """Read for ever."""
        raise NotImplementedError


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
