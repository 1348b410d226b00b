"""assetstream with many accounts: ``StreamGroup``."""

from __future__ import annotations

from typing import Sequence

import assetstream
from tests.benchmarks.contenders.base import Account, OnAsset
from tests.benchmarks.contenders.sdk import Readiness, handler, stream

__all__ = ["Client"]


class Client:
    """One group; ready when every account is LIVE."""

    def __init__(self) -> None:
        self._readiness = Readiness()

    def start(self, accounts: Sequence[Account], on_asset: OnAsset) -> None:
        self._readiness.wanted = len(accounts)
        self._group = assetstream.StreamGroup(
            [stream(account) for account in accounts],
            on_asset=handler(on_asset),
            on_state=self._readiness.changed,
        )
        self._group.start()

    def wait_ready(self, timeout: float) -> None:
        self._readiness.wait(timeout)
