"""An owner by hand: it writes what a test says into a real engine, and pulses."""

from __future__ import annotations

import ssl
import threading
import time
from datetime import datetime, timezone
from types import TracebackType
from typing import Any

from assetstream.model.errors import AssetStreamError
from assetstream.model.events import Source
from assetstream.model.states import State
from assetstream.sharing.address import read_address
from assetstream.sharing.engine import AccountEntries, Engine
from assetstream.sharing.entries import (
    BookEntry,
    Entry,
    ErrorEntry,
    Pulse,
    ResetEntry,
    StateEntry,
    UpdateEntry,
    facts_of,
)
from assetstream.sharing.keys import Keys
from assetstream.sharing.pulses import PulseNumbers

__all__ = ["HandOwner"]

#: From one pulse to the next, seconds: often, so that tests are short.
BEAT = 0.01


class HandOwner:
    """Owns accounts until the end of the ``with`` block, each LIVE with BTC 1.

    Args:
        url: of the engine.
        accounts: to own.
        worker: its name.
        fleet: of the accounts.
        age: what its pulses say; seconds.
        ssl_context: for an engine with TLS.
    """

    def __init__(
        self,
        url: str,
        *accounts: str,
        worker: str = "w1",
        fleet: str = "default",
        age: float = 0.0,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._engine = Engine(read_address(url), Keys(fleet), ssl_context)
        self._accounts = accounts or ("alice",)
        self.worker = worker
        self._age = age
        self._numbers = PulseNumbers()
        self._tokens: dict[str, int] = {}
        # What the next pulses say.
        self.left: dict[str, float] = {}
        self.doubts: dict[str, tuple[str, ...]] = {}
        # One connection, two threads.
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._beating = threading.Event()
        self._beating.set()
        self._thread = threading.Thread(target=self._beat, name="hand-owner")

    def __enter__(self) -> HandOwner:
        self._engine.connect()
        self.pulse(first=True)
        for account in self._accounts:
            self.take(account)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._over.set()
        self._beating.set()
        self._thread.join()
        self._engine.close()

    def take(self, account: str, **book: str) -> None:
        """Take an account, LIVE with what it holds; by default BTC 1."""
        with self._lock:
            self._engine.enlist([account])
            origins = {account: ("upbit", f"key of {account}")}
            taken = self._engine.acquire(self.worker, origins, 0)
        assert taken[account].token
        self._tokens[account] = taken[account].token
        self.reset(account, **(book or {"BTC": "1"}))

    def reset(
        self, account: str = "alice", state: State = State.LIVE, **book: str
    ) -> None:
        """Write the whole book."""
        entries = {code: balance(amount) for code, amount in book.items()}
        self.write(ResetEntry(entries, state, "read anew"), account)

    def update(
        self, currency: str, available: str, account: str = "alice", **more: Any
    ) -> None:
        """Write a change that the exchange pushed."""
        fields = {"source": Source.STREAM, "time": now_ms(), **more}
        received = now_ms() * 1000
        entry = UpdateEntry(currency, available, "0", received=received, **fields)
        self.write(entry, account)

    def state(
        self,
        state: State,
        reason: str = "so it is",
        error: AssetStreamError | None = None,
        account: str = "alice",
    ) -> None:
        """Write that its stream went into another state."""
        self.write(StateEntry(state, reason, facts_of(error)), account)

    def error(self, error: AssetStreamError, account: str = "alice") -> None:
        """Write an error that its stream reported."""
        facts = facts_of(error)
        assert facts is not None
        self.write(ErrorEntry(facts), account)

    def write(self, entry: Entry, account: str = "alice") -> None:
        """Write an entry."""
        shown = None
        if isinstance(entry, UpdateEntry):
            shown = balance(entry.available)
        batch = AccountEntries(self._tokens[account], [(entry, shown)])
        with self._lock:
            owned = self._engine.publish(self.worker, {account: batch})
        assert owned == {account: True}

    def release(self, *accounts: str) -> None:
        """Give accounts back."""
        tokens = {name: self._tokens.pop(name) for name in accounts}
        with self._lock:
            self._engine.release(self.worker, tokens, "the relay stops")

    def fall_silent(self) -> None:
        """Compose no pulse from now on; one that is under way is waited for."""
        self._beating.clear()
        with self._lock:
            pass

    def go_on(self) -> None:
        """Compose pulses again."""
        self._beating.set()

    def reconnect(self) -> None:
        """Connect anew, and take all accounts again; for an engine that came back."""
        with self._lock:
            self._engine.connect()
        self.pulse(first=True)
        for account in self._accounts:
            self.take(account)

    def pulse(self, first: bool = False) -> None:
        """Compose a pulse."""
        with self._lock:
            if not first and not self._beating.is_set():
                return
            number, clock = self._numbers.compose(), time.monotonic()
            pulse = Pulse(number, clock, self._age, self.left, self.doubts)
            if self._engine.pulse(self.worker, pulse, first=first):
                self._numbers.acknowledge(number)

    def _beat(self) -> None:
        while not self._over.wait(BEAT):
            self._beating.wait()
            if not self._over.is_set():
                self.pulse()


def balance(available: str) -> BookEntry:
    """Make a balance of which nothing is locked."""
    return BookEntry(available, "0", now_ms(), Source.STREAM)


def now_ms() -> int:
    return int(datetime.now(timezone.utc).timestamp() * 1000)
