"""The CPU time of one pushed update, stage by stage, without any waiting.

::

    python -m tests.programs.benchmarks.stages

Each stage is given what the one before it returns, a read of 64 KB at a time, and timed
alone in one thread: microseconds of CPU for each update, the best of several runs.
"""

from __future__ import annotations

import time
from email.utils import formatdate
from typing import Any, Callable

import msgspec

from assetstream import AssetUpdate, Upbit
from assetstream.core.book import BalanceBook
from assetstream.core.machine import StreamMachine
from assetstream.core.moment import Moment, Stamp
from assetstream.core.present import Present
from assetstream.model.history import Recent
from assetstream.protocol import Instant, Report
from assetstream.runtime.dispatcher import Dispatcher, Handlers
from assetstream.runtime.loop import clock
from assetstream.runtime.mailbox import CallbackMailbox
from assetstream.runtime.net.frames import Scanner
from tests.programs.benchmarks.contenders.base import Push
from tests.programs.benchmarks.frames import Frames

__all__ = ["stages"]

CHUNK = 1 << 16
READS = 40
RUNS = 15
INSTANT = Instant(0.0, 0)


class Stages:
    """The parts of a stream, without its threads."""

    def __init__(self) -> None:
        frames = Frames("upbit", clock.wall, binary=False)
        self.bytes = b"".join(frames.next() for _ in range(READS * CHUNK // 280))
        exchange = Upbit("access", "secret", region="sg")
        self.conversation = exchange.conversation({})
        self.conversation.connect(INSTANT, "nonce")
        self.conversation.opened(INSTANT, "nonce")
        self.book = BalanceBook(Present("upbit", "upbit-1"))
        self.machine = StreamMachine(
            exchange,
            Present("upbit", "upbit-1"),
            audit_interval=None,
            adaptive=False,
            random=lambda: 0.5,
            nonce=lambda: "nonce",
        )
        self.machine.started(moment())
        self.machine.granted(1, moment())
        # With its date the exchange's clock is known, as it is in real life.
        date = {"date": formatdate(clock.wall(), usegmt=True)}
        self.machine.opened(1, date, clock.now(), moment())
        handlers = Handlers()
        handlers.asset.add(self.handle)
        self.recent = Recent(1_000)
        self.mailbox = CallbackMailbox(1_000_000)
        self.dispatcher = Dispatcher(
            "upbit-1", handlers, self.mailbox, self.handle, lambda call: call()
        )
        self.last: Any = None

    def handle(self, update: Any) -> None:
        self.last = update

    def read(self) -> list[bytes]:
        """Return the stream in the pieces in which a socket gives it."""
        size = len(self.bytes)
        return [self.bytes[at : at + CHUNK] for at in range(0, size, CHUNK)]

    def split(self, pieces: list[bytes]) -> list[list[bytes]]:
        scanner = Scanner()
        return [
            [payload for found in scanner.scan(piece) for payload in found]  # type: ignore[misc]
            for piece in pieces
        ]

    def decode(self, batches: list[list[bytes]]) -> None:
        decode = msgspec.json.Decoder(Push).decode
        for batch in batches:
            for payload in batch:
                decode(payload)

    def converse(self, batches: list[list[bytes]]) -> list[Report]:
        steps = [self.conversation.received(batch, INSTANT) for batch in batches]
        return [step for each in steps for step in each if isinstance(step, Report)]

    def merge(self, reports: list[Report]) -> list[list[Any]]:
        return [self.book.push(report.balances, stamp()).items for report in reports]

    def decide(self, batches: list[list[bytes]]) -> None:
        for batch in batches:
            self.machine.frames(batch, moment())

    def keep(self, batches: list[list[Any]]) -> None:
        for batch in batches:
            for update in batch:
                self.recent.note(update)

    def queue(self, batches: list[list[Any]]) -> None:
        for batch in batches:
            self.mailbox.put(batch)

    def deliver(self) -> None:
        while self.dispatcher.work():
            pass


def moment() -> Moment:
    """Return the present moment."""
    return Moment(clock.now(), clock.wall())


def stamp() -> Stamp:
    """Return the present as the book takes it."""
    now = moment()
    return Stamp(now.now, now.utc, now.wall * 1000 - 500, now.wall * 1000 + 500)


def stages() -> dict[str, float]:
    """Measure microseconds of CPU for each update, by stage."""
    best: dict[str, float] = {}

    def timed(name: str, call: Callable[..., Any], *arguments: Any) -> Any:
        began = time.process_time()
        result = call(*arguments)
        took = time.process_time() - began
        best[name] = min(best.get(name, took), took)
        return result

    count = 0
    for _ in range(RUNS):
        parts = Stages()
        pieces = parts.read()
        batches = timed("cut frames out", parts.split, pieces)
        parts.conversation.received(batches[0][:1], INSTANT)  # ready from now on
        parts.machine.frames(batches[0][:1], moment())
        timed("msgspec alone, of the next", parts.decode, batches)
        reports = timed("conversation: decode and check", parts.converse, batches)
        events = timed("book: merge and make events", parts.merge, reports)
        timed("machine: the two before, and all else", parts.decide, batches)
        timed("history", parts.keep, events)
        timed("mailbox", parts.queue, events)
        timed("handlers", parts.deliver)
        count = sum(map(len, batches))
        assert isinstance(parts.last, AssetUpdate)
    return {name: took / count * 1e6 for name, took in best.items()}


def main() -> None:
    """Print the stages."""
    for name, took in stages().items():
        print(f"{name:40}{took:6.2f} us")


if __name__ == "__main__":
    main()
