"""TLS in both directions at once, as fast as it goes, with no connection broken.

::

    python -m tests.programs.duplex --seconds 60

An exchange in its own process pushes without pause, while the stream pings at a high
rate, answers pings, and sends texts that many threads post. Other threads read it, wait
for it and iterate over it; other streams start and stop all the while. No connection
may break, no second thread may touch a socket, no frame or pong may be missing, no
balance may be wrong in the end, and nothing may be left. One line of figures is
printed; the exit code is 1 if any of that fails.
"""

from __future__ import annotations

import argparse
import itertools
import logging
import random
import ssl
import sys
import threading
import time
from collections import Counter
from contextlib import ExitStack, closing
from decimal import Decimal
from queue import SimpleQueue
from typing import Any, Callable, Iterator, Mapping, Sequence

from msgspec.structs import replace

from assetstream import AssetStream, CoinW, State, Upbit
from assetstream.exchanges.common.my_asset import Notice
from assetstream.exchanges.upbit.conversation import UpbitConversation
from assetstream.protocol import Conversation, Exchange, Instant, Memory, Ping, Step
from assetstream.runtime.session import Session
from tests.programs.duplex_server import FLOODED, STARTING, Duplex
from tests.support.balances import known_balances
from tests.support.event_recorder import PATIENCE
from tests.support.leftovers import left_open, left_over
from tests.support.sockets import open_sockets
from tests.support.thread_ownership import check_thread_ownership

__all__ = ["Figures", "duplex"]

#: Seconds until a thread has to let another run: a tenth of what is usual, so that more
#: of the ways in which they can interrupt each other are met.
TURN = 0.0005
#: Seconds between two pings, as far as the stream's thread has the time.
PING_INTERVAL = 0.002
#: Threads that have something sent, for each flooded stream.
POSTERS = 4
#: Threads that start and stop streams.
STARTERS = 2
AT_FIRST = {code: (Decimal(text), Decimal(0)) for code, text in STARTING.items()}
#: Each is done at least once, however long that takes.
EVERYTHING = ("frames", "pongs", "sends", "looks", "waits", "stops")
#: Findings, by their names in the line of figures.
BAD = (
    "broken",
    "second_threads",
    "unwatched",
    "wrong",
    "lost_frames",
    "lost_pongs",
    "lost_sends",
    "leaked_threads",
    "leaked_sockets",
)


class PingFlood(Upbit):
    """An Upbit adapter whose stream pings without pause until ``quiet`` is set.

    Attributes:
        counts: frames, pings and pongs of its one stream.
        quiet: set when it is to ping no more.
    """

    limits = replace(Upbit.limits, ping_interval=PING_INTERVAL, pong_timeout=PATIENCE)
    counts: Counter[str]
    quiet: threading.Event

    def __init__(self, environment: Mapping[str, str]) -> None:
        super().__init__(
            environment["UPBIT_ACCESS_KEY"],
            environment["UPBIT_SECRET_KEY"],
            region="sg",
            ws_url=environment["UPBIT_WS_URL"],
            rest_url=environment["UPBIT_REST_URL"],
        )
        self._keep(counts=Counter(), quiet=threading.Event())

    def conversation(self, memory: Memory) -> Conversation:
        return PingFloodConversation(self, memory, self.format)


class PingFloodConversation(UpbitConversation):
    """A conversation that counts frames, pings and pongs."""

    _exchange: PingFlood

    def received(self, frames: Sequence[bytes], instant: Instant) -> Sequence[Step]:
        self._exchange.counts["frames"] += len(frames)
        return super().received(frames, instant)

    def pong(self, instant: Instant) -> Sequence[Step]:
        self._exchange.counts["pongs"] += 1
        return super().pong(instant)

    def due(self, instant: Instant) -> Sequence[Step]:
        if self._exchange.quiet.is_set():
            self.deadline = instant.now + PATIENCE
            return ()
        steps = super().due(instant)
        self._exchange.counts["pings"] += sum(isinstance(step, Ping) for step in steps)
        return steps

    def _on_notice(
        self, notice: Notice, frame: bytes, instant: Instant
    ) -> Sequence[Step]:
        self._exchange.counts["frames"] -= 1  # no balance
        return super()._on_notice(notice, frame, instant)


class Figures:
    """The figures of a run."""

    def __init__(self) -> None:
        self.done: Counter[str] = Counter()
        self.bad: Counter[str] = Counter()
        self.notes: list[str] = []
        self.seconds = 0.0
        self._lock = threading.Lock()

    def count(self, what: str, by: int = 1) -> None:
        """Count something done, from any thread."""
        with self._lock:
            self.done[what] += by

    def note(self, what: str, text: str, by: int = 1) -> None:
        """Count a finding, and keep its text."""
        with self._lock:
            self.bad[what] += by
            self.notes.append(f"{what}: {text}")

    def __str__(self) -> str:
        done = self.done
        bad = " ".join(f"{what}={self.bad[what]}" for what in BAD)
        return (
            f"seconds={self.seconds:.1f} frames={done['frames']} "
            f"frames/s={done['frames'] / max(self.seconds, 1e-9):.0f} "
            f"pings={done['pings']} pongs={done['pongs']} posts={done['posts']} "
            f"sends={done['sends']} waits={done['waits']} looks={done['looks']} "
            f"starts={done['starts']} stops={done['stops']} "
            f"watched={done['watched']} {bad}"
        )


class Busy:
    """The threads that keep streams busy until ``over`` is set."""

    def __init__(self, server: Duplex, trust: ssl.SSLContext, figures: Figures) -> None:
        self.over = threading.Event()
        self._server = server
        self._trust = trust
        self._figures = figures
        self._threads: list[threading.Thread] = []

    def stream(self, exchange: Exchange) -> AssetStream:
        """Make a stream for which every error is a finding."""
        return AssetStream(exchange, on_error=self._broken, ssl_context=self._trust)

    def begin(self, flooded: Sequence[AssetStream], traded: AssetStream) -> None:
        """Start the threads."""
        for stream in flooded:
            for _ in range(POSTERS):
                self._repeat(self._send, stream)
            for work in (self._look, self._wait, self._iterate):
                self._repeat(work, stream)
        self._repeat(self._look, traded)
        self._repeat(self._expect, traded)
        for n in range(STARTERS):
            accounts = self._server.quiet[n::STARTERS]
            self._repeat(self._start, random.Random(n), itertools.cycle(accounts))

    def end(self) -> None:
        """Stop the threads."""
        self.over.set()
        for thread in self._threads:
            thread.join()

    def _repeat(self, work: Callable[..., None], *given: Any) -> None:
        def run() -> None:
            try:
                while not self.over.is_set():
                    work(*given)
            except Exception as error:
                self._figures.note("broken", f"{work.__name__}: {error!r}")

        thread = threading.Thread(target=run, name=f"duplex{work.__name__}")
        self._threads.append(thread)
        thread.start()

    def _broken(self, error: Exception) -> None:
        self._figures.note("broken", repr(error))

    def _post(self, stream: AssetStream, call: Callable[[Session], object]) -> None:
        """Make the reader thread call it, and wait until it has."""
        life = stream._run.engine
        assert life is not None
        session, done = life.session, SimpleQueue[None]()

        def posted() -> None:
            call(session)
            done.put(None)

        life.post(posted)
        done.get(timeout=PATIENCE)
        self._figures.count("posts")

    def _send(self, stream: AssetStream) -> None:
        def send(session: Session) -> None:
            if session.connection is not None:
                session.connection.send("PING")

        self._post(stream, send)
        self._figures.count("sends")

    def _look(self, stream: AssetStream) -> None:
        assert stream.health().state is State.LIVE
        assert stream.balances.keys() >= STARTING.keys()
        assert stream.balance(FLOODED).exchange == stream.exchange.name
        self._figures.count("looks")
        self._post(stream, lambda session: None)

    def _wait(self, stream: AssetStream) -> None:
        stream.wait_for(lambda update: update.currency == FLOODED, PATIENCE)
        self._figures.count("waits")

    def _iterate(self, stream: AssetStream) -> None:
        with closing(stream.updates()) as updates:
            for _ in range(50):
                updates.get(PATIENCE)
        self._figures.count("waits")

    def _expect(self, stream: AssetStream) -> None:
        with stream.expect(lambda update: True, PATIENCE):
            pass
        self._figures.count("waits")

    def _start(self, rng: random.Random, accounts: Iterator[Mapping[str, str]]) -> None:
        stream = self.stream(exchange_of(next(accounts)))
        whole = rng.random() < 0.5
        stream.start(wait=whole, timeout=PATIENCE)
        self._figures.count("starts")
        if whole and known_balances(stream) != AT_FIRST:
            self._figures.note("wrong", f"{known_balances(stream)} after a start")
        if not whole:
            self.over.wait(rng.random() * 0.05)  # anywhere on the way to LIVE
        if not stream.stop(PATIENCE):
            self._figures.note("broken", "a stream did not stop")
        self._figures.count("stops")


def exchange_of(environment: Mapping[str, str]) -> Exchange:
    """Return the adapter of a quiet or a traded account."""
    values = list(environment.values())
    urls = dict(zip(("ws_url", "rest_url"), values[2:], strict=True))
    if "UPBIT_ACCESS_KEY" in environment:
        return Upbit(*values[:2], region="sg", **urls)
    return CoinW(*values[:2], **urls)


def duplex(seconds: float, streams: int = 1) -> Figures:
    """Keep ``streams`` flooded streams, and others, busy for at least ``seconds``."""
    turn = sys.getswitchinterval()
    sys.setswitchinterval(TURN)
    try:
        return _duplex(seconds, streams)
    finally:
        sys.setswitchinterval(turn)


def _duplex(seconds: float, streams: int) -> Figures:
    figures = Figures()
    threads, sockets = set(threading.enumerate()), open_sockets()
    with Duplex(streams, 2 * STARTERS) as server, ExitStack() as stack:
        trust = ssl.create_default_context(cadata=server.authority)
        ownership = stack.enter_context(check_thread_ownership(trust))
        busy = Busy(server, trust, figures)
        exchanges = [PingFlood(environment) for environment in server.flooded]
        flooded = [busy.stream(exchange) for exchange in exchanges]
        traded = busy.stream(exchange_of(server.traded))
        for stream in (*flooded, traded):
            stream.start()
        server.ask("begin")
        began = time.monotonic()
        busy.begin(flooded, traded)
        busy.over.wait(seconds)
        wait_until(lambda: all(done(figures, exchanges)[what] for what in EVERYTHING))
        busy.end()
        written = server.ask("end")
        settle(server, written, exchanges, (*flooded, traded), figures)
        figures.seconds = time.monotonic() - began
        for stream in (*flooded, traded):
            if again := stream.health().reconnects:
                figures.note("broken", f"{again} reconnects of {stream}", again)
            stream.stop(PATIENCE)
    for breach in ownership.breaches:
        figures.note("second_threads", breach)
    figures.count("watched", ownership.tls_calls)
    if not ownership.tls_calls:
        figures.note("unwatched", "nobody has seen a call into TLS")
    for thread in left_over(set(threading.enumerate()) - threads):
        figures.note("leaked_threads", thread.name)
    for left in left_open(sockets):
        figures.note("leaked_sockets", left)
    return figures


def settle(
    server: Duplex,
    written: Sequence[int],
    exchanges: Sequence[PingFlood],
    streams: Sequence[AssetStream],
    figures: Figures,
) -> None:
    """Wait until all frames have arrived; note those that have not."""
    for exchange in exchanges:
        exchange.quiet.set()
    # The sends, and the two requests that each stream begins with.
    sent = figures.done["sends"] + 2 * len(exchanges)
    truths = server.ask("truth")

    def missing() -> list[tuple[str, str, int]]:
        counts = [exchange.counts for exchange in exchanges]
        found = [
            ("lost_frames", "", sum(written) - sum(t["frames"] for t in counts)),
            ("lost_pongs", "", sum(t["pings"] - t["pongs"] for t in counts)),
            ("lost_sends", "", sent - server.ask("frames")),
        ]
        for stream, right in zip(streams, truths, strict=True):
            book = known_balances(stream)
            found.append(("wrong", f"{book}, true {right}", int(book != right)))
        return [entry for entry in found if entry[2]]

    wait_until(lambda: not missing())
    for what, text, by in missing():
        figures.note(what, text or str(by), abs(by))
    figures.done = done(figures, exchanges)


def done(figures: Figures, exchanges: Sequence[PingFlood]) -> Counter[str]:
    """Return how often everything was done so far."""
    return sum((exchange.counts for exchange in exchanges), figures.done.copy())


def wait_until(met: Callable[[], bool]) -> None:
    """Wait for what may never come."""
    deadline = time.monotonic() + PATIENCE
    while not met() and time.monotonic() < deadline:
        time.sleep(0.002)


def main() -> int:
    """Run the stress that the command line asks for."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.programs.duplex",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--streams", type=int, default=1, help="flooded ones")
    options = parser.parse_args()
    # Faults are printed below; handlers slower than a flood are to be expected.
    logging.getLogger("assetstream").setLevel(logging.CRITICAL)
    figures = duplex(options.seconds, options.streams)
    for note in figures.notes[:50]:
        print(f"  {note}", file=sys.stderr)
    print(f"duplex streams={options.streams}: {figures}")
    return 1 if figures.bad else 0


if __name__ == "__main__":
    sys.exit(main())
