"""Frames of an account on the simulated Korbit, and streams that follow it."""

from __future__ import annotations

import pytest

from assetstream import AssetStream
from assetstream.simulator import Simulator
from assetstream.simulator.korbit.account import KorbitAccount
from tests.simulator.korbit.clients import subscriber
from tests.support.event_recorder import PATIENCE


def test_a_trade_is_one_frame(korbit: KorbitAccount) -> None:
    """Codes are in lower case, amounts are texts, and one change has one time."""
    with subscriber(korbit, accountSeqs=[1]) as client:
        order = korbit.place_order(pay="KRW", amount="1000.5", receive="ETH")
        placed = client.receive()
        korbit.fill(order, "0.25")
        filled = client.receive()

    (krw,) = placed["asset"]["assets"]
    assert (placed["channelType"], placed["asset"]["accountSeq"]) == ("myAsset", 1)
    assert krw == {
        "currency": "krw",
        "balance": "1000000",
        "available": "998999.5",
        "tradeInUse": "1000.5",
        "withdrawalInUse": "0",
        "avgPrice": "0",
        "updatedAt": placed["timestamp"],
    }
    assert [each["currency"] for each in filled["asset"]["assets"]] == ["krw", "eth"]


def test_a_push_has_no_number_unless_it_was_asked_for(korbit: KorbitAccount) -> None:
    """As the documents say of subscriptions that name no account."""
    with subscriber(korbit) as client:
        korbit.deposit("BTC", 1)
        assert client.receive()["asset"].keys() == {"assets"}


@pytest.mark.usefixtures("no_rate_limits")
@pytest.mark.parametrize("withdrawing", [False, True])
def test_a_stream_follows(exchange: Simulator, withdrawing: bool) -> None:
    """Whatever holds the amount, it is locked, by push and by REST."""
    account = exchange.open("korbit", {"BTC": "5"}, withdrawing=withdrawing)
    account.place_order(pay="BTC", amount="1", receive="KRW")
    with AssetStream(account.exchange()) as stream:
        assert stream.balances["BTC"].locked == 1
        account.place_order(pay="BTC", amount="2", receive="KRW")
        stream.wait_until(lambda b: b["BTC"].locked == 3, PATIENCE)
        assert stream.balances["BTC"].available == 2
