"""assetstream with many accounts: ``StreamGroup``."""

from __future__ import annotations

import gc
import time
from typing import Any, Sequence

from assetstream import StreamGroup
from assetstream.protocol import Rate
from assetstream.runtime.loop import clock
from tests.programs.benchmarks.contenders.base import Account, Contender, OnAsset
from tests.programs.benchmarks.contenders.sdk import (
    UNLIMITED,
    Readiness,
    handler,
    keep_to,
    stream,
)
from tests.support.clock import TimeMachine

__all__ = ["Client"]


class Client(Contender):
    """One group; ready when every account is LIVE.

    Args:
        connects: handshakes a second, and reads as Upbit allows, by a clock that is
            fast until it settles: minutes of waiting for turns are no work. None: there
            are no limits and no other clock, for no peer has any.
        haste: how fast that clock is; at four times, 30 connects a second with their
            snapshots leave a core some reserve.
        audits: balances are compared with REST.
        frozen: what is there once it has settled is kept out of the collector's way, as
            a user does it with ``gc.freeze()``.

    Attributes:
        group: once it has started.
    """

    def __init__(
        self,
        *,
        connects: float | None = None,
        haste: float = 4.0,
        audits: bool = True,
        frozen: bool = False,
    ) -> None:
        self._options: dict[str, Any] = {} if audits else {"audit_interval": None}
        self._frozen = frozen
        self._readiness = Readiness()
        self.group: StreamGroup | None = None
        if connects is None:
            keep_to(connects_together=UNLIMITED, reads_together=UNLIMITED)
        else:
            keep_to(connects_together=Rate(round(connects), 1.0))
            self.speed = haste
            self._clock = TimeMachine(haste)
            # To the end of the process; the reference keeps it.
            self._installed = self._clock.installed()
            self._installed.__enter__()

    def start(self, accounts: Sequence[Account], on_asset: OnAsset) -> None:
        self._readiness.wanted += len(accounts)
        streams = [stream(account, **self._options) for account in accounts]
        if self.group is not None:
            for each in streams:
                self.group.add(each)
            return
        self.group = StreamGroup(
            streams, on_asset=handler(on_asset), on_state=self._readiness.changed
        )
        self.group.start(wait=False)

    def wait_ready(self, timeout: float) -> None:
        self._readiness.wait(timeout)

    def settle(self, seconds: float) -> None:
        time.sleep(seconds / self.speed)
        self._clock.run_at(1.0)
        self.speed = 1.0
        if self._frozen:
            gc.collect()
            gc.freeze()

    def wall(self) -> float:
        return clock.wall()

    def tick(self) -> None:
        self._clock.jump(1.0)
