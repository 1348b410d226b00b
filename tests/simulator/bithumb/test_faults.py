"""Refused logins of the simulated Bithumb, seen by a plain client."""

from __future__ import annotations

import json

import pytest
from websockets.exceptions import InvalidStatus

from assetstream.simulator import Simulator
from assetstream.simulator.bithumb.account import BithumbAccount
from assetstream.simulator.bithumb.faults import FAULTS, NAMES
from assetstream.simulator.bithumb.refusals import REFUSALS
from assetstream.simulator.catalogue import create
from tests.simulator.bithumb.clients import client


@pytest.mark.parametrize("fault", FAULTS)
def test_an_upgrade_is_refused_and_the_next_is_not(
    exchange: Simulator, bithumb: BithumbAccount, fault: str
) -> None:
    """By name and status; switched off, the fault has no effect."""
    with exchange.fault(fault), pytest.raises(InvalidStatus) as refused:
        client(bithumb)
    client(bithumb).close()

    response, name = refused.value.response, NAMES[fault]
    assert json.loads(response.body)["error"]["name"] == name
    assert response.status_code == REFUSALS[name][0]


@pytest.mark.parametrize("fault", FAULTS)
def test_it_happens_nowhere_else(exchange: Simulator, fault: str) -> None:
    """Its words are the exchange's own."""
    upbit = exchange.open("upbit")
    with pytest.raises(ValueError, match="cannot happen at upbit"):
        create(fault, upbit)
