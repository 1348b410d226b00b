"""assetstream's readers of accounts that another process owns: ``RemoteGroup``."""

from __future__ import annotations

from typing import Sequence

from assetstream import RemoteGroup
from tests.programs.benchmarks.contenders.base import Account, OnAsset
from tests.programs.benchmarks.contenders.reader import Reader
from tests.programs.benchmarks.contenders.sdk import Readiness, handler

__all__ = ["Client"]


class Client(Reader):
    """One reader of all accounts; ready when it has all, and their owner has.

    Args:
        frozen: as of ``Reader``.
    """

    def __init__(self, *, frozen: bool = False) -> None:
        super().__init__(publisher=None, frozen=frozen)
        self._readiness = Readiness()

    def read(self, accounts: Sequence[Account], on_asset: OnAsset) -> None:
        self._readiness.wanted = len(accounts)
        self._group = RemoteGroup(
            f"redis://127.0.0.1:{self.port}",
            [account.access_key for account in accounts],
            on_asset=handler(on_asset),
            on_state=self._readiness.changed,
        )
        self._group.start(wait=False)

    def wait_ready(self, timeout: float) -> None:
        super().wait_ready(timeout)
        self._readiness.wait(timeout)
