"""Refused logins of the simulated Korbit, seen by a plain client and by a stream."""

from __future__ import annotations

import json

import pytest
from websockets.exceptions import InvalidStatus

from assetstream import AssetStream, AssetStreamError, AuthenticationError
from assetstream.simulator import Account, Simulator
from assetstream.simulator.catalogue import create
from assetstream.simulator.korbit.account import KorbitAccount
from assetstream.simulator.korbit.faults import CODES, FAULTS
from assetstream.simulator.korbit.refusals import STATUSES
from tests.simulator.korbit.clients import client
from tests.support.event_recorder import PATIENCE, EventRecorder


@pytest.mark.parametrize("fault", FAULTS)
def test_an_upgrade_is_refused_and_the_next_is_not(
    exchange: Simulator, korbit: KorbitAccount, fault: str
) -> None:
    """By code and status; switched off, the fault has no effect."""
    with exchange.fault(fault), pytest.raises(InvalidStatus) as refused:
        client(korbit)
    client(korbit).close()

    response, code = refused.value.response, CODES[fault]
    assert json.loads(response.body)["error"]["message"] == code
    assert response.status_code == STATUSES[code]


@pytest.mark.parametrize("fault", FAULTS)
def test_it_happens_nowhere_else(upbit: Account, fault: str) -> None:
    """Its words are the exchange's own."""
    with pytest.raises(ValueError, match="cannot happen at upbit"):
        create(fault, upbit)


@pytest.mark.usefixtures("no_rate_limits")
@pytest.mark.parametrize("seconds", [3600.0, -3600.0])
def test_t2_a_clock_that_is_hours_off_is_set(
    exchange: Simulator, seconds: float
) -> None:
    """Upgrade and reads go by Korbit's own clock, strict as it is; nothing is told."""
    account = exchange.open("korbit", {"BTC": "1"})
    recorder = EventRecorder()
    with (
        exchange.fault("clock_jump", account, seconds=seconds),
        AssetStream(account.exchange(), **recorder.handlers()) as stream,
    ):
        assert stream.balances["BTC"].available == 1
    assert not recorder.of(AssetStreamError)


def test_a_refused_key_stops_a_stream(exchange: Simulator) -> None:
    """Trying again cannot help."""
    account = exchange.open("korbit", {"BTC": "1"})
    stream = AssetStream(account.exchange())
    with (
        exchange.fault("login_korbit_invalid_signature"),
        pytest.raises(AuthenticationError),
    ):
        stream.start(timeout=PATIENCE)
