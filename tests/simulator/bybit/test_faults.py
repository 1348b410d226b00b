"""Refused logins of the simulated Bybit, as a plain client and a stream see them."""

from __future__ import annotations

import pytest

from assetstream import AssetStream, AssetStreamError, AuthenticationError
from assetstream.simulator import Account, Simulator
from assetstream.simulator.bybit.account import BybitAccount
from assetstream.simulator.bybit.faults import FAULTS, FORMS
from assetstream.simulator.catalogue import create
from assetstream.simulator.catalogue.common import AnswerLogins
from tests.simulator.bybit.clients import PING, auth
from tests.support.clients import client_of
from tests.support.event_recorder import PATIENCE, EventRecorder


@pytest.mark.parametrize("name", FORMS)
def test_a_login_is_refused_by_the_answer(
    name: str, exchange: Simulator, bybit: BybitAccount
) -> None:
    """Those of other accounts are not; switched off, it has no effect."""
    other = exchange.open("bybit")
    assert isinstance(other, BybitAccount)
    with client_of(bybit.ws_url) as client:
        with exchange.fault(name, bybit):
            assert client.ask(auth(bybit)) == FORMS[name][1]
            assert client.ask(auth(other))["success"] is True
        assert client.ask(auth(bybit))["success"] is True


def test_a_login_is_never_answered(exchange: Simulator, bybit: BybitAccount) -> None:
    """The connection itself lives."""
    with exchange.fault("auth_unanswered"), client_of(bybit.ws_url) as client:
        client.send(auth(bybit))
        assert client.ask(PING)["op"] == "pong"


@pytest.mark.parametrize("name", FAULTS)
def test_it_happens_nowhere_else(name: str, upbit: Account) -> None:
    """Its words are the exchange's own."""
    with pytest.raises(ValueError, match="cannot happen at upbit"):
        create(name, upbit)


class LateOnce(AnswerLogins):
    """Refuses the first login as one that came too late."""

    late = True

    def login(self, account: Account) -> bool:
        """Return False once."""
        late, self.late = self.late, False
        return not late or super().login(account)


@pytest.mark.usefixtures("no_rate_limits")
def test_t2_a_late_login_is_tried_again_at_once(exchange: Simulator) -> None:
    """It says nothing of the key: no error is told."""
    account = exchange.open("bybit", {"BTC": "1"})
    recorder = EventRecorder()
    fault = LateOnce(answer=FORMS["login_request_expired"][1], exchange="bybit")
    with (
        exchange.faults.add(fault),
        AssetStream(account.exchange(), **recorder.handlers()) as stream,
    ):
        assert stream.balances["BTC"].available == 1
        assert not fault.late
    assert not recorder.of(AssetStreamError)


def test_words_alone_stop_a_stream(exchange: Simulator) -> None:
    """The older form of a refusal has no code: the key is the likeliest cause."""
    account = exchange.open("bybit", {"BTC": "1"})
    stream = AssetStream(account.exchange())
    with exchange.fault("login_invalid_words"), pytest.raises(AuthenticationError):
        stream.start(timeout=PATIENCE)
