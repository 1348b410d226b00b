"""Reading accounts once."""

from __future__ import annotations

from decimal import Decimal

import pytest

from assetstream import AssetStream, State
from assetstream.cli.run import balances as reading
from assetstream.cli.run.balances import read_once
from assetstream.simulator import Simulator


def test_one_that_does_not_come_is_given_up(
    exchange: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error has the last failure; nothing goes on."""
    monkeypatch.setattr(reading, "SETTLE_TIME", 0.5)
    exchange.refuse_upgrades(503, exchange="upbit")
    slow = AssetStream(exchange.upbit({"BTC": "1"}).exchange(), account="slow")
    good = AssetStream(exchange.coinw({"BTC": "2"}).exchange(), account="good")
    held, (error,) = read_once([slow, good])

    assert [account.account for account in held] == ["good"]
    assert [row.total for row in held[0].rows] == [Decimal(2)]
    assert error.account == "slow"
    assert "it is CONNECTING: Upbit" in str(error)
    assert "503" in str(error)
    assert slow.state is good.state is State.STOPPED
