"""An exchange in its own process that pushes over TLS as fast as TLS takes it.

Frames are made before and stamped a block at a time, so that what the server does
takes little of what the client can read.
"""

from __future__ import annotations

import multiprocessing
import ssl
import threading
import time
from contextlib import ExitStack
from decimal import Decimal
from multiprocessing.connection import Connection as Pipe
from types import TracebackType
from typing import Any

import trustme

from assetstream.simulator import Connection, Simulator
from assetstream.simulator.account import Account
from assetstream.simulator.faults import Fault
from assetstream.simulator.ledger import LedgerChange, LedgerEntry
from assetstream.simulator.messages import Message
from assetstream.simulator.server import SimulatorServer
from tests.support.balances import true_balances
from tests.support.event_recorder import PATIENCE

__all__ = ["FLOODED", "STARTING", "Duplex"]

#: The currency that is pushed without end, and by nothing else.
FLOODED = "DOGE"
STARTING = {FLOODED: "1000.5", "BTC": "5", "ETH": "40", "USDT": "50000"}
#: Frames that are stamped together.
BLOCK = 256
#: Bytes that wait for the socket while there is a flood.
AHEAD = 1 << 18
#: Placeholders for the stamps in a prepared block, with as many digits.
STAMP = 1_111_111_111_111
PING = b"\x89\x00"


class Duplex:
    """The server's process, for a ``with`` block.

    Attributes:
        authority: who has signed its certificate, PEM.
        flooded: environments of accounts on Upbit that are pushed without end.
        traded: that of one on CoinW, changed 200 times a second.
        quiet: those of accounts on both, which never change.
    """

    def __init__(self, streams: int, quiet: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, there = context.Pipe()
        self._process = context.Process(
            target=serve, args=(there, streams, quiet), daemon=True
        )
        self._process.start()
        there.close()
        self.authority, self.flooded, self.traded, self.quiet = self._pipe.recv()

    def ask(self, question: str) -> Any:
        """Send a command to the server; return its answer."""
        self._pipe.send(question)
        return self._pipe.recv()

    def __enter__(self) -> Duplex:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pipe.close()
        self._process.join()
        self._process.close()


class Flood(Fault):
    """Pushes one account's balance on its connection without pause."""

    def __init__(self, account: Account) -> None:
        #: Frames written by now.
        self.frames = 0
        self._over = False
        self._account = account

    def began(self, server: SimulatorServer) -> None:
        """Start to push."""
        account = self._account
        self._connection: Connection = server.connections(account)[0]
        assert self._connection.session is not None
        style = self._connection.session.style
        # The last entry of a block is true, as the flood may end behind any block.
        available, locked = account.balances[FLOODED]
        amounts = [(Decimal(n) / 8, Decimal(n % 3)) for n in range(1, BLOCK)]
        entries = [
            LedgerEntry(FLOODED, *pair, n)
            for n, pair in enumerate([*amounts, (available, locked)])
        ]
        # A ping in each block: the client writes while it reads.
        self._block = PING + b"".join(
            frame(account.encode(LedgerChange("fill", STAMP, (entry,)), style)[0])
            for entry in entries
        )
        self._connection.post(self._pump)

    def end(self) -> int:
        """Stop to push; return the number of frames."""
        done = threading.Event()

        def last() -> None:
            self._over = True
            done.set()

        self._connection.post(last)
        done.wait(PATIENCE)
        return self.frames

    def _pump(self) -> None:
        stamp = b"%d" % (time.time_ns() // 1_000_000)
        while self._connection.backlog < AHEAD and not self._over:
            self._connection.write(self._block.replace(b"%d" % STAMP, stamp))
            self.frames += BLOCK
        if not self._over:
            self._connection.call_later(0.0005, self._pump)


def frame(message: Message) -> bytes:
    """Make a server's binary frame of up to 64 KB."""
    payload = message.payload
    if len(payload) < 126:
        return b"\x82" + bytes([len(payload)]) + payload
    return b"\x82\x7e" + len(payload).to_bytes(2, "big") + payload


def serve(pipe: Pipe, streams: int, quiet: int) -> None:
    """Obey the client's commands until it closes the pipe."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with ExitStack() as stack:
        simulator = Simulator(ssl_context=context, rate_limits=False)
        stack.enter_context(simulator)
        flooded = [simulator.upbit(STARTING) for _ in range(streams)]
        traded = simulator.coinw(STARTING)
        quiets = [
            (simulator.upbit, simulator.coinw)[n % 2](STARTING) for n in range(quiet)
        ]
        pipe.send(
            (
                authority.cert_pem.bytes().decode(),
                [account.environment() for account in flooded],
                traded.environment(),
                [account.environment() for account in quiets],
            )
        )
        trader = stack.enter_context(traded.trade(rate=200))
        floods: list[Flood] = []
        while True:
            try:
                question = pipe.recv()
            except EOFError:
                return
            if question == "begin":
                floods = [Flood(account) for account in flooded]
                for flood in floods:
                    simulator.faults.add(flood)
                pipe.send(None)
            elif question == "end":
                trader.stop()
                pipe.send([flood.end() for flood in floods])
            elif question == "truth":
                pipe.send([true_balances(account) for account in (*flooded, traded)])
            elif question == "frames":
                pipe.send(sum(account.seen.frames for account in flooded))
