"""Faults of the simulated Binance, as a plain client and a stream see them."""

from __future__ import annotations

import pytest

from assetstream import (
    AssetStream,
    AssetStreamError,
    AuthenticationError,
    ConnectionLost,
    State,
)
from assetstream.simulator import Account, Simulator
from assetstream.simulator.binance.account import BinanceAccount
from assetstream.simulator.binance.faults import CODES, FAULTS, SHUTDOWN
from assetstream.simulator.binance.session import refusal
from assetstream.simulator.catalogue import create
from assetstream.simulator.catalogue.common import AnswerLogins
from tests.simulator.binance.clients import PING, binance_subscriber, subscription
from tests.support.clients import client_of, upbit_subscriber
from tests.support.clock import TimeMachine, fast_time
from tests.support.event_recorder import PATIENCE, EventRecorder


@pytest.mark.parametrize("name", CODES)
def test_a_subscription_is_refused_by_the_code(
    name: str, exchange: Simulator, binance: BinanceAccount
) -> None:
    """Those of other accounts are not; switched off, it has no effect."""
    other = exchange.open("binance")
    assert isinstance(other, BinanceAccount)
    with client_of(binance.ws_url) as client:
        with exchange.fault(name, binance):
            refused = client.ask(subscription(binance))
            assert refused["error"]["code"] == CODES[name]
        assert client.ask(subscription(binance))["status"] == 200
    with exchange.fault(name, binance), client_of(other.ws_url) as client:
        assert client.ask(subscription(other))["status"] == 200


def test_refused_subscriptions_and_logins(
    exchange: Simulator, binance: BinanceAccount
) -> None:
    """The catalogue's faults have Binance's own codes: one passes, one is the key's."""
    with client_of(binance.ws_url) as client:
        with exchange.fault("subscribe_refused", binance):
            assert client.ask(subscription(binance))["error"]["code"] == -1001
        with exchange.refuse_logins(binance):
            assert client.ask(subscription(binance))["error"]["code"] == -2015


@pytest.mark.parametrize("name", FAULTS)
def test_it_happens_nowhere_else(name: str, upbit: Account) -> None:
    """Its words are the exchange's own."""
    with pytest.raises(ValueError, match="cannot happen at upbit"):
        create(name, upbit)


@pytest.mark.parametrize("name", ["server_shutdown", "stream_terminated"])
def test_an_end_is_told(
    name: str, exchange: Simulator, binance: BinanceAccount, still: TimeMachine
) -> None:
    """Once to each subscribed connection at Binance."""
    with (
        upbit_subscriber(exchange.upbit()) as stranger,
        binance_subscriber(binance) as client,
        exchange.fault(name),
    ):
        if name == "server_shutdown":
            assert client.receive() == SHUTDOWN
            assert client.ask(PING)["status"] == 200
            still.jump(2)
            client.send(PING)  # whatever comes has the server look at its clock
            _, closed = client.until_closed()
            assert closed.rcvd is not None
            assert closed.rcvd.code == 1000
        else:
            assert client.receive()["event"]["e"] == "eventStreamTerminated"
            assert client.ask(PING)["status"] == 200
            assert binance.subscribers == 0
        stranger.connection.ping().wait(PATIENCE)


class UntimelyOnce(AnswerLogins):
    """Refuses the first subscription as one that came too late."""

    refused = False

    def login(self, account: Account) -> bool:
        """Return False once."""
        first, self.refused = not self.refused, True
        return not first or super().login(account)


@pytest.mark.usefixtures("no_rate_limits")
def test_t2_a_late_subscription_is_tried_again_at_once(exchange: Simulator) -> None:
    """It says nothing of the key: no error is told."""
    account = exchange.open("binance", {"BTC": "1"})
    recorder = EventRecorder()
    fault = UntimelyOnce(
        answer={"id": "subscribe", **refusal(-1021)}, exchange="binance"
    )
    with (
        exchange.faults.add(fault),
        AssetStream(account.exchange(), **recorder.handlers()) as stream,
    ):
        assert stream.balances["BTC"].available == 1
        assert fault.refused
    assert not recorder.of(AssetStreamError)


@pytest.mark.usefixtures("no_rate_limits")
@pytest.mark.parametrize("seconds", [3600.0, -3600.0])
def test_t2_a_clock_that_is_hours_off_is_set(
    exchange: Simulator, seconds: float
) -> None:
    """Subscription and reads go by Binance's own clock, strict as it is."""
    account = exchange.open("binance", {"BTC": "1"})
    with (
        exchange.fault("clock_jump", account, seconds=seconds),
        AssetStream(account.exchange()) as stream,
    ):
        assert stream.balances["BTC"].available == 1


@pytest.mark.usefixtures("no_rate_limits")
@pytest.mark.parametrize("worked", [False, True])
def test_l7_a_stream_renews_its_connection(
    exchange: Simulator, monkeypatch: pytest.MonkeyPatch, worked: bool
) -> None:
    """No error is told, and the balances are the same.

    A connection that has worked waits for its turn; another one is no better than lost.
    """
    if worked:
        monkeypatch.setattr("assetstream.core.reconnect.HEALTHY", 0.0)
    account = exchange.open("binance", {"BTC": "1"})
    recorder = EventRecorder()
    with AssetStream(account.exchange(), **recorder.handlers()) as stream:
        fault = exchange.fault("server_shutdown", account)
        recorder.wait_for(lambda e: getattr(e, "current", None) is State.STALE)
        fault.off()
        stream.wait_until(lambda b: stream.state is State.LIVE, PATIENCE)
        account.deposit("BTC", 1)
        stream.wait_until(lambda b: b["BTC"].available == 2, PATIENCE)
    assert not recorder.of(AssetStreamError)


@pytest.mark.usefixtures("no_rate_limits")
def test_a_stream_subscribes_anew(exchange: Simulator) -> None:
    """A subscription that was ended is told, and made again."""
    account = exchange.open("binance", {"BTC": "1"})
    recorder = EventRecorder()
    with (
        fast_time(),
        AssetStream(account.exchange(), **recorder.handlers()) as stream,
    ):
        with exchange.fault("stream_terminated", account):
            recorder.wait_for(lambda e: isinstance(e, ConnectionLost))
        account.deposit("BTC", 1)
        stream.wait_until(
            lambda b: stream.state is State.LIVE and b["BTC"].available == 2, PATIENCE
        )


@pytest.mark.parametrize("name", ["login_key_rejected", "login_signature"])
def test_a_refused_key_stops_a_stream(exchange: Simulator, name: str) -> None:
    """Trying again cannot help."""
    account = exchange.open("binance", {"BTC": "1"})
    stream = AssetStream(account.exchange())
    with exchange.fault(name), pytest.raises(AuthenticationError):
        stream.start(timeout=PATIENCE)
