"""assetstream with many accounts: ``StreamGroup``."""

from __future__ import annotations

from typing import Sequence

from msgspec.structs import replace

import assetstream
from tests.programs.benchmarks.contenders.base import Account, OnAsset
from tests.programs.benchmarks.contenders.sdk import Readiness, handler, stream

__all__ = ["Client"]

UNLIMITED = 100_000.0


class Client:
    """One group; ready when every account is LIVE.

    No contender but ours keeps to an exchange's limits, which the load server has not:
    unless ``paced`` they are lifted.
    """

    def __init__(self, *, paced: bool = False) -> None:
        self._readiness = Readiness()
        if not paced:
            assetstream.Upbit.limits = replace(
                assetstream.Upbit.limits,
                connects_together=UNLIMITED,
                reads_together=UNLIMITED,
            )

    def start(self, accounts: Sequence[Account], on_asset: OnAsset) -> None:
        self._readiness.wanted = len(accounts)
        self._group = assetstream.StreamGroup(
            [stream(account) for account in accounts],
            on_asset=handler(on_asset),
            on_state=self._readiness.changed,
        )
        self._group.start(wait=False)

    def wait_ready(self, timeout: float) -> None:
        self._readiness.wait(timeout)
