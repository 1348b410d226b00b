"""One relay from ``start()`` to its end: its thread, its streams, its connection."""

from __future__ import annotations

import logging
import math
import threading
from contextlib import suppress
from functools import partial
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Callable, Mapping, Sequence

from assetstream.model.errors import AssetStreamError, ConfigurationError
from assetstream.protocol import Exchange
from assetstream.runtime.loop import clock
from assetstream.runtime.loop.log import guard_this_thread, log
from assetstream.runtime.loop.waits import Deadline, OneShotEvent, join_interruptibly
from assetstream.sharing.actions import (
    Action,
    Begin,
    Compose,
    Enlist,
    Finish,
    GiveBack,
    Inform,
    Reach,
    Rewrite,
    Shut,
    Survey,
    Take,
    Tell,
    Wait,
    Write,
)
from assetstream.sharing.entries import ResetEntry
from assetstream.sharing.outbox import Outbox
from assetstream.sharing.ownership import key_of
from assetstream.sharing.relay_machine import CUT_OFF, RelayMachine
from assetstream.sharing.word import Word, word_of
from assetstream.streams.group import StreamGroup
from assetstream.streams.handlers import attach
from assetstream.streams.stream import AssetStream, run_of

if TYPE_CHECKING:
    from assetstream.runtime.engine import StreamEngine
    from assetstream.runtime.reader_thread import ReaderThread
    from assetstream.sharing.engine import Engine

__all__ = ["RelayRun"]

THREAD = "assetstream-relay"


class Hold:
    """Ends a stream when the engine was away for too long (O3); for its thread only.

    The relay's own thread may be waiting for the engine just then.

    Args:
        machine: says when.
        stream: that is ended.
        expired: called when it is.
    """

    def __init__(
        self, machine: RelayMachine, stream: StreamEngine, expired: Callable[[], None]
    ) -> None:
        self._machine, self._expired = machine, expired
        self._over = False
        self.stream = stream

    @property
    def deadline(self) -> float:
        """The moment of ``due``, as things stand; seconds of ``clock.now``."""
        return math.inf if self._over else self._machine.hold_ends_at

    def due(self) -> None:
        """End the stream."""
        self._over = True
        self._expired()
        self.stream.stop(CUT_OFF)


class RelayRun:
    """Carries out what a worker's machine decides, from a thread of its own.

    Args:
        worker: its name.
        machine: decides.
        engine: not connected.
        group: runs the streams.
        exchanges: account -> exchange, with the key.
        options: of each stream.
        report: called with each error, in the thread; it must neither raise nor wait.
        interrupted: called with a SystemExit or KeyboardInterrupt out of a handler.

    Attributes:
        machine: for figures.
        published: entries that were written.
        reached: set when the engine has answered, or when all is over.
        over: set when all is over.
    """

    def __init__(
        self,
        worker: str,
        machine: RelayMachine,
        engine: Engine,
        group: StreamGroup,
        exchanges: Mapping[str, Exchange],
        options: Mapping[str, Any],
        report: Callable[[AssetStreamError], None],
        interrupted: Callable[[BaseException], None],
    ) -> None:
        self.machine = machine
        self.published = 0
        self.reached, self.over = OneShotEvent(), OneShotEvent()
        self._worker, self._engine, self._group = worker, engine, group
        self._exchanges, self._options, self._report = exchanges, options, report
        self._interrupted = interrupted
        # What other threads have to say, to be run in this one.
        self._calls: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._outboxes: dict[str, Outbox] = {}
        self._streams: dict[str, StreamEngine] = {}
        # For the reader threads: what ends a stream when this thread cannot.
        self._holds: dict[str, Hold] = {}
        # Those that have something, or may have.
        self._ready: dict[Outbox, None] = {}
        # Updates that outboxes folded which have been replaced.
        self._folded = 0
        self._began = False
        # Of the pulse that is composed: its number, the threads that have yet to say
        # their part, and what was said.
        self._composing, self._missing = 0, 0
        self._words: dict[str, Word] = {}
        self._warned = False
        self._failure: AssetStreamError | None = None
        self.thread = threading.Thread(target=self._serve, name=THREAD, daemon=True)

    # From any thread.

    @property
    def failure(self) -> AssetStreamError | None:
        """The error that has ended it; None if it was asked to end, or runs."""
        return self._failure or self.machine.failure

    @property
    def folded(self) -> int:
        """Updates that newer ones stood for: the engine was too slow for them."""
        return self._folded + sum(o.folded for o in self._outboxes.copy().values())

    def stop(self) -> None:
        """Ask for the end; from a signal handler, too."""
        self._calls.put(lambda: self.machine.stop(clock.now()))

    def join(self, deadline: Deadline) -> bool:
        """Wait for the thread's end; False if it does not come in time."""
        return join_interruptibly(self.thread, deadline)

    # In its own thread.

    def _serve(self) -> None:
        guard_this_thread()
        try:
            while True:
                while not self._calls.empty():
                    self._calls.get_nowait()()
                action = self.machine.next(clock.now(), bool(self._ready))
                if isinstance(action, Finish):
                    return
                self._carry_out(action)
        except Exception as exc:
            self._failure = AssetStreamError("internal error of the relay", fatal=True)
            self._failure.__cause__ = exc
            log(logging.ERROR, "the relay ends by an internal error", error=exc)
        finally:
            self._engine.close()
            self._group.stop(0)
            # In this order: whoever waits for the first looks at the second.
            self.over.set()
            self.reached.set()

    def _carry_out(self, action: Action) -> None:
        if isinstance(action, Wait):
            self._wait(action.until)
        elif isinstance(action, Compose):
            self._compose(action.number)
        elif isinstance(action, Begin):
            self._open(action.account)
        elif isinstance(action, Rewrite):
            self._reset(action.account)
        elif isinstance(action, Shut):
            self._shut(action.account, action.reason)
        elif isinstance(action, Inform):
            self._report(action.error)
        else:
            try:
                self._ask(action)
            except AssetStreamError as error:
                self.machine.lost(error, clock.now())
                if self.machine.failure is None:
                    log(logging.DEBUG, "%s", error)

    def _wait(self, until: float) -> None:
        timeout = None if until == math.inf else max(0.0, until - clock.now())
        with suppress(Empty):
            self._calls.get(
                timeout=None if timeout is None else clock.real_seconds(timeout)
            )()

    # At the engine.

    def _ask(self, action: Action) -> None:
        machine, engine, sent = self.machine, self._engine, clock.now()
        if isinstance(action, Reach):
            self._reach()
        elif isinstance(action, Enlist):
            engine.enlist(self._exchanges)
            machine.enlisted(clock.now())
        elif isinstance(action, Tell):
            told = engine.pulse(self._worker, action.pulse, first=action.first)
            machine.told(told, sent, clock.now())
            if action.first:
                self.reached.set()
        elif isinstance(action, Survey):
            machine.seen(engine.seats(self._exchanges), clock.now())
        elif isinstance(action, Take):
            wanted = {name: self._exchanges[name] for name in action.accounts}
            origins = {name: (each.name, key_of(each)) for name, each in wanted.items()}
            answers = engine.acquire(self._worker, origins, machine.connections)
            machine.taken(answers, clock.now())
        elif isinstance(action, Write):
            self._write(sent)
        elif isinstance(action, GiveBack):
            engine.release(self._worker, action.tokens, action.reason, last=action.last)
            machine.given_back(action.tokens, action.last)

    def _reach(self) -> None:
        # P3: nothing is kept, and nothing said, of the time without an engine.
        for outbox in self._outboxes.values():
            outbox.mute()
        self._ready.clear()
        self._engine.connect()
        if not self._warned:
            self._warned = True
            policy = self._engine.info().get("maxmemory_policy", "noeviction")
            if policy != "noeviction":
                self._report(_evicting(self._engine, policy))
        self.machine.reached(clock.now())

    def _write(self, sent: float) -> None:
        """Write all that there is (P1)."""
        from assetstream.sharing.engine import AccountEntries

        tokens = self.machine.tokens
        batches: dict[str, AccountEntries] = {}
        resets: set[str] = set()
        for outbox in self._ready:
            account = outbox.account
            entries = outbox.take()
            if entries and account in tokens:
                batches[account] = AccountEntries(tokens[account], entries)
                if isinstance(entries[0][0], ResetEntry):
                    resets.add(account)
        self._ready.clear()
        answers = self._engine.publish(self._worker, batches)
        self.published += sum(
            len(batch.entries) for account, batch in batches.items() if answers[account]
        )
        self.machine.written(answers, resets, sent)

    # With streams.

    def _open(self, account: str) -> None:
        # O7: it waits for its turn to connect, as all streams of its place do.
        exchange = self._exchanges[account]
        outbox = Outbox(
            account,
            exchange.redacted,
            self._options.get("max_pending", 10_000),
            lambda: self.machine.number,
            self._wake,
            self._ended,
        )
        try:
            stream = AssetStream(exchange, account=account, **self._options)
            run_of(stream).witness(outbox.note)
            attach(stream, lambda: outbox)
            self._group.add(stream)
            if not self._began:
                self._began = True
                self._group.start(wait=False)
        except (AssetStreamError, RuntimeError, OSError) as exc:
            error = exc
            if not isinstance(error, AssetStreamError):
                error = AssetStreamError(
                    f"its stream cannot be begun ({exc})", account=account
                )
            self.machine.refused(account, error, clock.now())
            return
        self._streams[account] = run_of(stream).started()
        former = self._outboxes.get(account)
        self._folded += former.folded if former is not None else 0
        self._outboxes[account] = outbox

    def _reset(self, account: str) -> None:
        stream, outbox = self._streams[account], self._outboxes[account]
        stream.post(partial(self._begin, stream, outbox))

    def _shut(self, account: str, reason: str) -> None:
        log(logging.INFO, "%s: the relay ends its stream: %s", account, reason)
        self._streams.pop(account).stop(reason)
        with suppress(KeyError):  # the user has removed it
            self._group.remove(account, 0)

    def _compose(self, number: int) -> None:
        """Have each thread that owns sessions say its part, between two of its steps.

        One that is stuck so is silent, and what it says fits what it has said before.
        """
        parts: dict[ReaderThread, list[StreamEngine]] = {}
        for stream in self._streams.values():
            if not stream.ended.happened:
                parts.setdefault(stream.reader_thread, []).append(stream)
        self._composing, self._missing, self._words = number, len(parts), {}
        for streams in parts.values():
            streams[0].post(partial(self._say, number, streams))
        if not parts:
            self.machine.composed(number, {})

    def _said(self, number: int, words: Mapping[str, Word]) -> None:
        if number == self._composing:
            self._words.update(words)
            self._missing -= 1
            if not self._missing:
                self.machine.composed(number, self._words)

    # In the reader threads.

    def _begin(self, stream: StreamEngine, outbox: Outbox) -> None:
        outbox.reset(stream.present)
        account = outbox.account
        if account not in self._holds and not stream.ended.happened:
            expired = partial(self.machine.expired, account)
            hold = Hold(self.machine, stream, partial(self._calls.put, expired))
            self._holds[account] = hold
            stream.reader_thread.reader.attach(hold)

    def _say(self, number: int, streams: Sequence[StreamEngine]) -> None:
        now = clock.now()
        words = {s.present.account: word_of(s.present, now) for s in streams}
        self._calls.put(partial(self._said, number, words))

    def _wake(self, outbox: Outbox) -> None:
        self._calls.put(partial(self._ready.setdefault, outbox))

    def _ended(self, account: str, error: BaseException | None) -> None:
        hold = self._holds.pop(account, None)
        if hold is not None:
            hold.stream.reader_thread.reader.detach(hold)
        self._calls.put(partial(self.machine.ended, account))
        if error is not None and not isinstance(error, Exception):
            self._interrupted(error)


def _evicting(engine: Engine, policy: str) -> ConfigurationError:
    return ConfigurationError(
        f"the engine at {engine.address.name} drops data when its memory is full "
        f"(maxmemory-policy {policy})",
        remedy="Set maxmemory-policy noeviction: readers are STALE when it drops ours.",
        fatal=False,
    )
