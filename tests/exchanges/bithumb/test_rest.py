"""Bithumb's REST replies."""

from __future__ import annotations

import pytest

from assetstream.exchanges.bithumb.rest import read_balances
from assetstream.exchanges.common.values import Unreadable
from assetstream.protocol import Snapshot
from tests.exchanges.bithumb.spec import make_bithumb
from tests.support.specs import frame, sample


def test_accounts_are_read_exactly() -> None:
    """What can be ordered with is available."""
    snapshot = make_bithumb().read_replied(200, {}, sample("bithumb", "rest_accounts"))
    krw, btc = snapshot.balances

    assert (krw.currency, str(krw.available)) == ("KRW", "904127.35172804")
    assert (btc.currency, str(btc.locked)) == ("BTC", "0.21860417")
    assert krw.locked == 0


def test_s2_an_entry_that_cannot_be_read_costs_its_own_currency() -> None:
    """The others are read; numbers are as good as texts."""
    good = {"currency": "btc", "balance": 1.5, "locked": "0"}
    bad = {"currency": "XRP", "balance": "?", "locked": "0"}
    snapshot = read_balances(frame([good, bad]))

    assert [str(b.available) for b in snapshot.balances] == ["1.5"]
    assert snapshot.unreadable == ("XRP",)


def test_s2_what_is_no_list_is_no_snapshot() -> None:
    """An empty list is an empty account, and nothing else is."""
    assert read_balances(b"[]") == Snapshot(())
    with pytest.raises(Unreadable):
        read_balances(b"{}")
