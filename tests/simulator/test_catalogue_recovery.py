"""A stream lives through every fault of the catalogue, and knows the ledger again."""

from __future__ import annotations

import threading
from itertools import count
from typing import Any, Iterator

import pytest

from assetstream import AssetStream
from assetstream.simulator import FAULTS, Simulator
from assetstream.simulator.account import Account
from assetstream.simulator.catalogue import handshake, login
from assetstream.states import State
from tests.conftest import TimeMachine
from tests.support import Recorder, known, truth

#: How long each fault is on, seconds.
FAULT_LASTS = 0.15
#: Seconds of the streams' own time after which they must have recovered.
RECOVERED_AFTER = 240
#: Met by those only who connect; so a connection is lost first.
MET_ON_CONNECTING = {"tcp_refused", *handshake.FAULTS, *login.FAULTS}
#: A refused subscription is final at Upbit: the request itself must be wrong.
FATAL = {("subscribe_refused", "upbit")}
PARAMETERS: dict[str, dict[str, Any]] = {"huge_frame": {"size": 20 * 1024 * 1024}}


@pytest.fixture
def exchange() -> Iterator[Simulator]:
    """The streams' time runs fast, so nothing may be limited by the second."""
    with Simulator(rate_limits=False) as simulator:
        yield simulator


def change(account: Account) -> None:
    """Move money so that both currencies and both fields change."""
    account.deposit("BTC", "0.25")
    order = account.place_order(pay="USDT", amount="10", receive="BTC")
    account.fill(order, "0.001", "5")


def recovered(stream: AssetStream, account: Account) -> bool:
    """Whether it may say LIVE, and what it says is true."""
    return stream.state is State.LIVE and known(stream) == truth(account)


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("name", FAULTS)
def test_a_stream_knows_the_ledger_again(
    name: str, exchange: Simulator, time_machine: TimeMachine
) -> None:
    """Whatever was lost, found by reconnecting or by an audit, on both exchanges."""
    accounts = [
        getattr(exchange, venue)({"BTC": "1", "USDT": "1000"})
        for venue in ("upbit", "coinw")
        if (name, venue) not in FATAL and FAULTS[name].exchange in ("", venue)
    ]
    recorder = Recorder()
    streams = [AssetStream(a.exchange(), **recorder.handlers()) for a in accounts]
    pause = threading.Event()
    try:
        for stream in streams:
            stream.start()
        with exchange.fault(name, **PARAMETERS.get(name, {})):
            if name in MET_ON_CONNECTING:
                exchange.drop_connections()
            for _ in range(3):
                for account in accounts:
                    change(account)
                pause.wait(FAULT_LASTS / 3)
        for elapsed in count():
            if all(map(recovered, streams, accounts)):
                break
            assert elapsed < RECOVERED_AFTER, (
                [(s.state, s.error, known(s)) for s in streams],
                [truth(a) for a in accounts],
                recorder.events[-20:],
            )
            time_machine.jump(1.0, *streams)
            pause.wait(0.01)
    finally:
        for stream in streams:
            stream.stop()
