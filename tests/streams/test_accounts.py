"""The page of a stream or a group, in a notebook and in a terminal."""

from __future__ import annotations

import io
import re
from contextlib import redirect_stdout
from decimal import Decimal

import pytest

from assetstream import AssetStream, Bybit, StreamGroup
from assetstream.display.balances import BalanceRow
from assetstream.display.text import as_text
from assetstream.simulator import Simulator
from assetstream.simulator.account import Account
from assetstream.streams.accounts import AccountSnapshot, account_page, totals
from assetstream.streams.stream import read_account
from tests.support.clock import TimeMachine
from tests.support.groups import streams, wait_until

pytestmark = pytest.mark.usefixtures("no_rate_limits")


def seen(shown: AssetStream | StreamGroup) -> list[str]:
    """Return the lines of its page, the first one's time of day as 12:34:56.

    A group's is as in a terminal.
    """
    if isinstance(shown, AssetStream):
        text = as_text(account_page(read_account(shown)))
    else:
        printed = io.StringIO()
        with redirect_stdout(printed):
            shown.show()
        text = printed.getvalue().partition("\n\n")[0]
    return re.sub(r"\d\d:\d\d:\d\d", "12:34:56", text, count=1).splitlines()


def test_before_and_after_its_life(account: Account) -> None:
    """The page names what the stream waits for, or that it has ended."""
    stream = AssetStream(account.exchange(), account="savings")
    name = f"savings on {stream.exchange.name}"
    before = seen(stream)
    stream.stop()

    assert before == [f"NEW as of 12:34:56 UTC  {name}: not started", "no balances yet"]
    assert seen(stream) == [
        f"STOPPED as of 12:34:56 UTC  {name}: stopped; no longer updated",
        "no balances",
    ]
    assert repr(stream) == "<AssetStream savings STOPPED>"


def test_a_live_one_is_a_still_of_the_live_table(
    exchange: Simulator, time_machine: TimeMachine
) -> None:
    """The page has the last change of each total; orders change none."""
    account = exchange.upbit({"BTC": "1", "SGD": "1000"})
    with AssetStream(account.exchange(), account="savings") as stream:
        time_machine.jump(3)  # What comes is certainly newer than the snapshot.
        account.withdraw("SGD", "1000")
        account.deposit("BTC", "0.25")
        account.place_order(pay="BTC", amount="1", receive="SGD")
        wait_until(lambda: stream.balances["BTC"].locked)
        lines = seen(stream)
        page = stream._repr_html_()
        text = repr(stream)
    rows = [line.split()[:5] for line in lines[2:4]]

    assert (
        lines[0]
        == "LIVE as of 12:34:56 UTC  savings on upbit: balances read and merged"
    )
    assert rows == [["BTC", "0.25", "1", "1.25", "+0.25"], ["SGD", *"000", "-1000"]]
    assert page is not None
    assert '<td class="n good">+0<span class="f" style="width:3ch">.25<' in page
    assert text == "<AssetStream savings LIVE, 2 balances>"


def test_a_failure_shows_its_reason(exchange: Simulator) -> None:
    """The reason is in the plain repr, too."""
    stream = AssetStream(exchange.coinw().exchange(), on_error=lambda error: None)
    with exchange.refuse_logins():
        stream.start(wait=False)
        wait_until(lambda: stream.state.final)
    lines = seen(stream)
    stream.stop()

    name = f"FAILED as of 12:34:56 UTC  {stream.account}"
    assert lines[0].startswith(f"{name}: CoinW refused")
    assert len([line for line in lines if "refused" in line]) == 1
    assert "FAILED: CoinW refused the login" in repr(stream)


def test_an_account_that_owes_what_is_locked_holds_some() -> None:
    """It counts among those that the sum is of, though its own total is zero."""
    health = AssetStream(Bybit("k" * 18, "s" * 36, region="global")).health()
    accounts = []
    for name, available, locked in (("owes", -5, 5), ("holds", 1, 0), ("empty", 0, 0)):
        amounts = map(Decimal, (available, locked, available + locked))
        row = BalanceRow("bybit", name, "USDT", *amounts, 0.0, "stream", False)
        accounts.append(AccountSnapshot("bybit", name, health, [row]))
    (total,) = totals(accounts)

    assert (total.total, total.accounts) == (1, 2)


def test_a_group_shows_rows_or_totals(accounts: dict[str, Account]) -> None:
    """A small group has a row for each balance, a large one sums."""
    few = StreamGroup(streams({"coinw-0": accounts.pop("coinw-0")}))
    many = StreamGroup(streams(accounts))
    with few, many:
        rows, sums = seen(few), seen(many)
        table = repr(few.balances).splitlines()
        page = few.balances
        assert "<td>coinw-0</td>" in page._repr_html_()  # type: ignore[attr-defined]

    assert rows[0] == "1 LIVE  of 1 account as of 12:34:56 UTC"
    assert [line.split()[:3] for line in rows[2:4]] == [
        ["coinw-0", "BTC", "1"],
        ["coinw-0", "USDT", "1000"],
    ]
    assert sums[0] == "7 LIVE  of 7 accounts as of 12:34:56 UTC"
    assert sums[2].split() == ["BTC", "7", "0", "7", "7"]
    assert table[0] == "1 account, 2 balances other than zero"
    assert repr(few) == "<StreamGroup 0 of 1 LIVE, 1 ended>"
