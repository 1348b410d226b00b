"""Faults that can happen at the simulated Binance only."""

from __future__ import annotations

from functools import partial
from typing import Mapping

from assetstream.exchanges.binance.conversation import SUBSCRIBE
from assetstream.simulator.binance.session import BinanceSession, refusal
from assetstream.simulator.catalogue.common import (
    AnnounceEnd,
    AnswerLogins,
    FaultEntry,
    OncePerConnection,
)
from assetstream.simulator.connection import Connection

__all__ = ["CODES", "FAULTS", "SHUTDOWN"]

#: Codes by which good subscriptions are refused.
CODES: Mapping[str, int] = {
    "login_key_rejected": -2015,
    "login_key_unknown": -2008,
    "login_key_format": -2014,
    "login_signature": -1022,
    "login_time": -1021,
}
SHUTDOWN = {"event": {"e": "serverShutdown", "E": 1780123456789}}


class TerminateStreams(OncePerConnection):
    """Ends each subscription at Binance a moment after it began."""

    def strike(self, connection: Connection) -> None:
        """Say that it is over; the connection stays."""
        session = connection.session
        if isinstance(session, BinanceSession):
            # After the acknowledgement, which this connection is about to get.
            connection.call_later(0.0, session.terminate)


FAULTS: Mapping[str, FaultEntry] = {
    **{
        fault: FaultEntry(
            f"good subscriptions are refused by {code}",
            partial(
                AnswerLogins,
                answer={"id": SUBSCRIBE, **refusal(code)},
                exchange="binance",
            ),
            "binance",
        )
        for fault, code in CODES.items()
    },
    "server_shutdown": FaultEntry(
        "each connection is told that its server shuts down, and is closed",
        partial(AnnounceEnd, notice=SHUTDOWN, exchange="binance", seconds=2.0),
        "binance",
    ),
    "stream_terminated": FaultEntry(
        "each subscription is ended, and the connection is not",
        TerminateStreams,
        "binance",
    ),
}
