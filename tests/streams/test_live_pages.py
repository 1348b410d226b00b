"""Pages of a live table: their memory, and when a new one is worth painting."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import Sequence

from assetstream import CallbackError, ConnectionLost, Health, State
from assetstream.display.balances import BalanceRow
from assetstream.display.page import Line, Page
from assetstream.display.text import as_text
from assetstream.streams.accounts import AccountSnapshot, account_page
from assetstream.streams.live_pages import LivePages


def account(
    *, age: float = 0.0, uptime: float = 1.0, change: str = "0", **health: object
) -> AccountSnapshot:
    """Make an account with one balance."""
    amounts = Decimal(1), Decimal(0), Decimal(1)
    row = BalanceRow(
        *("upbit", "main", "BTC", *amounts, age, "STREAM", False, Decimal(change))
    )
    figures = Health(state=State.LIVE, uptime=uptime, **health)  # type: ignore[arg-type]
    return AccountSnapshot("upbit", "main", figures, [row])


def page(accounts: Sequence[AccountSnapshot], errors: Sequence[Line]) -> Page:
    """Return the page of one account."""
    return account_page(accounts[0], errors)


def test_ages_and_figures_are_no_facts() -> None:
    """Errors, doubts and changes of balances are facts."""
    now = [account()]
    pages = LivePages(lambda: now, page)
    facts = [pages().facts]
    for other in (
        account(age=5.0, uptime=6.0, last_proof=2.0),
        account(in_doubt=("BTC",)),
        account(error=ConnectionLost("gone")),
        account(change="0.5"),
        account()._replace(raised=CallbackError("handler f raised")),
    ):
        now[0] = other
        facts.append(pages().facts)

    assert facts[0] == facts[1]
    assert all(one != other for one, other in pairwise(facts[1:]))


def test_a_page_shows_what_earlier_ones_have_found() -> None:
    """The last change and error stay though the stream has forgotten them."""
    now = [account(change="0.5", error=ConnectionLost("gone"))]
    pages = LivePages(lambda: now, page)
    pages()
    now[0] = account()
    text = as_text(pages().page)

    assert "+0.5" in text
    assert "ConnectionLost: gone" in text
    assert "+0.5" not in as_text(LivePages(lambda: now, page)().page)
