"""Faults of the simulated Gate, as a plain client and a stream see them."""

from __future__ import annotations

import pytest

from assetstream import AssetStream, AssetStreamError, AuthenticationError, State
from assetstream.simulator import Account, Simulator
from assetstream.simulator.catalogue import create
from assetstream.simulator.catalogue.common import AnswerLogins
from assetstream.simulator.gate.account import GateAccount
from assetstream.simulator.gate.faults import FAULTS, FORMS, NOTICE
from tests.simulator.gate.clients import gate_subscriber, ping, subscription
from tests.support.clients import client_of, upbit_subscriber
from tests.support.clock import TimeMachine
from tests.support.event_recorder import PATIENCE, EventRecorder


@pytest.mark.parametrize("name", FORMS)
def test_a_subscription_is_refused_by_the_answer(
    name: str, exchange: Simulator, gate: GateAccount
) -> None:
    """Those of other accounts are not; switched off, it has no effect."""
    other = exchange.open("gate")
    assert isinstance(other, GateAccount)
    with client_of(gate.ws_url) as client:
        with exchange.fault(name, gate):
            assert client.ask(subscription(gate))["error"] == FORMS[name][1]["error"]
            assert client.ask(subscription(other))["error"] is None
        assert client.ask(subscription(gate))["error"] is None


def test_refused_subscriptions_and_logins(
    exchange: Simulator, gate: GateAccount
) -> None:
    """The catalogue's faults have Gate's own codes: 3 passes, 4 is the key's."""
    with client_of(gate.ws_url) as client:
        with exchange.fault("subscribe_refused", gate):
            assert client.ask(subscription(gate))["error"]["code"] == 3
        with exchange.refuse_logins(gate):
            assert client.ask(subscription(gate))["error"]["code"] == 4


@pytest.mark.parametrize("name", FAULTS)
def test_it_happens_nowhere_else(name: str, upbit: Account) -> None:
    """Its words are the exchange's own."""
    with pytest.raises(ValueError, match="cannot happen at upbit"):
        create(name, upbit)


def test_an_upgrade_is_announced(exchange: Simulator, gate: GateAccount) -> None:
    """Once to each connection that a subscription has made the account's."""
    upbit = exchange.upbit()
    still = TimeMachine(speed=0.0).installed()
    with (
        still as time_machine,
        upbit_subscriber(upbit) as stranger,
        gate_subscriber(gate) as client,
        exchange.fault("service_upgrade"),
    ):
        assert client.receive() == NOTICE
        assert client.ask(ping())["channel"] == "spot.pong"
        time_machine.jump(2)
        client.send(ping())  # which has the simulator look at the clock
        _, closed = client.until_closed()
        stranger.connection.ping().wait(PATIENCE)
    assert closed.rcvd is not None
    assert closed.rcvd.code == 1000


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
    account = exchange.open("gate", {"BTC": "1"})
    recorder = EventRecorder()
    answer = {"channel": "spot.balances", **FORMS["login_auth_time"][1]}
    fault = UntimelyOnce(answer=answer, exchange="gate")
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
    """Subscription and reads go by Gate's own clock, strict as it is."""
    account = exchange.open("gate", {"BTC": "1"})
    with (
        exchange.fault("clock_jump", account, seconds=seconds),
        AssetStream(account.exchange()) as stream,
    ):
        assert stream.balances["BTC"].available == 1


@pytest.mark.usefixtures("no_rate_limits")
def test_l7_a_stream_renews_its_connection(exchange: Simulator) -> None:
    """No error is told, and the balances are the same."""
    account = exchange.open("gate", {"BTC": "1"})
    recorder = EventRecorder()
    with AssetStream(account.exchange(), **recorder.handlers()) as stream:
        fault = exchange.fault("service_upgrade", account)
        recorder.wait_for(lambda e: getattr(e, "current", None) is State.STALE)
        fault.off()
        stream.wait_until(lambda b: stream.state is State.LIVE, PATIENCE)
        account.deposit("BTC", 1)
        stream.wait_until(lambda b: b["BTC"].available == 2, PATIENCE)
    assert not recorder.of(AssetStreamError)


@pytest.mark.parametrize("name", ["login_auth_words", "login_auth_signature"])
def test_a_refused_key_stops_a_stream(exchange: Simulator, name: str) -> None:
    """Words or a label say that trying again cannot help."""
    account = exchange.open("gate", {"BTC": "1"})
    stream = AssetStream(account.exchange())
    with exchange.fault(name), pytest.raises(AuthenticationError):
        stream.start(timeout=PATIENCE)
