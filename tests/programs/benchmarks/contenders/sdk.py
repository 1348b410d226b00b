"""assetstream: ``AssetStream`` with ``on_asset`` on its own thread."""

from __future__ import annotations

import tempfile
import threading
import time
from pathlib import Path
from typing import Any, Callable, Sequence

from msgspec.structs import replace

from assetstream import (
    Archive,
    AssetStream,
    AssetUpdate,
    Source,
    State,
    StateChange,
    Upbit,
)
from assetstream.protocol import Rate
from tests.programs.benchmarks.contenders.base import Account, Contender, OnAsset

__all__ = ["UNLIMITED", "Client", "Readiness", "handler", "keep_to", "stream"]

UNLIMITED = Rate(100_000, 1.0)


class Client(Contender):
    """One stream for each account; ready when all are LIVE.

    Args:
        archived: record them in an archive.
    """

    def __init__(self, archived: bool = False) -> None:
        self._archive: Archive | None = None
        if archived:
            self._folder = tempfile.TemporaryDirectory()
            self._archive = Archive(Path(self._folder.name) / "balances.db")
        keep_to(connects_together=UNLIMITED, reads_together=UNLIMITED)
        self._readiness = Readiness()
        self._streams: list[AssetStream] = []

    def start(self, accounts: Sequence[Account], on_asset: OnAsset) -> None:
        self._readiness.wanted += len(accounts)
        for account in accounts:
            made = stream(account)
            made.on_asset(handler(on_asset))
            made.on_state(self._readiness.changed)
            if self._archive is not None:
                self._archive.record(made)
            made.start(wait=False)
            self._streams.append(made)

    def wait_ready(self, timeout: float) -> None:
        self._readiness.wait(timeout)

    def settle(self, seconds: float) -> None:
        time.sleep(seconds)


def keep_to(**limits: Rate) -> None:
    """Keep to other limits than Upbit's, which no peer has and no load server sets."""
    Upbit.limits = replace(Upbit.limits, **limits)


class Readiness:
    """Counts the accounts that are LIVE."""

    def __init__(self) -> None:
        self.wanted = 0
        self._live: set[str] = set()
        self._condition = threading.Condition()

    def changed(self, change: StateChange) -> None:
        """Count a change of state; a handler for ``on_state``."""
        with self._condition:
            if change.current is State.LIVE:
                self._live.add(change.account)
            else:
                self._live.discard(change.account)
            self._condition.notify_all()

    def wait(self, timeout: float) -> None:
        """Wait until every account is LIVE."""
        with self._condition:
            if not self._condition.wait_for(self._all, timeout):
                raise TimeoutError(f"{len(self._live)} of {self.wanted} are LIVE")

    def _all(self) -> bool:
        return len(self._live) == self.wanted


def stream(account: Account, **options: Any) -> AssetStream:
    """Make the account's stream at the load server, without starting it."""
    exchange = Upbit(
        account.access_key,
        account.secret_key,
        region="sg",
        ws_url=account.ws_url,
        rest_url=account.rest_url,
    )
    # Short fingerprints of a thousand keys may well coincide; these do not.
    return AssetStream(exchange, account=account.access_key, **options)


def handler(on_asset: OnAsset) -> Callable[[AssetUpdate], None]:
    """Return the user's ``on_asset``, which skips the first snapshot."""

    def updated(update: AssetUpdate) -> None:
        if update.source is not Source.SNAPSHOT:
            on_asset(update.currency, update.available, update.locked)

    return updated
