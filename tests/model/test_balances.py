"""The mapping ``stream.balances``."""

from __future__ import annotations

import pickle
from collections import OrderedDict
from typing import Any

import msgspec
import pytest

from assetstream.display.balances import MOST_LINES
from assetstream.model.balances import Balances, GroupBalances
from assetstream.model.events import Balance
from tests.model.test_events import balance


def live(currency: str, available: str, locked: str = "0") -> Balance:
    """Return a balance that is not stale."""
    made = balance(available, locked, standing=lambda _: (1.0, False))
    return msgspec.structs.replace(made, currency=currency)


HELD = {"USDT": live("USDT", "1000", "0.5"), "BTC": live("BTC", "1.25")}


def test_it_is_a_mapping_like_any_other() -> None:
    """The mapping equals any mapping with the same items."""
    balances = Balances(HELD)

    assert balances == HELD
    assert balances == HELD
    assert balances == Balances(dict(HELD)) == OrderedDict(reversed(HELD.items()))
    assert balances != {}
    assert balances != "BTC"
    assert list(balances) == list(balances.keys()) == ["USDT", "BTC"]
    assert list(balances.values()) == list(HELD.values())
    assert dict(balances.items()) == dict(balances) == HELD
    assert (len(balances), "BTC" in balances, "ETH" in balances) == (2, True, False)
    assert balances["BTC"] is balances.get("BTC") is HELD["BTC"]
    assert balances.get("ETH") is None
    assert balances.get("ETH", 0) == 0
    with pytest.raises(KeyError):
        balances["ETH"]


def test_it_cannot_be_changed() -> None:
    """The mapping keeps one moment."""
    balances: Any = Balances(HELD)
    with pytest.raises(TypeError):
        balances["BTC"] = HELD["USDT"]
    with pytest.raises(TypeError):
        del balances["BTC"]
    with pytest.raises(AttributeError):
        balances.more = 1
    with pytest.raises(TypeError):
        hash(balances)


def test_it_pickles_as_its_balances_do() -> None:
    """Balances are stale where they are unpickled."""
    arrived = pickle.loads(pickle.dumps(Balances(HELD)))

    assert arrived == HELD
    assert arrived["BTC"].stale


def test_its_repr_is_a_table() -> None:
    """Currencies have every digit; those that are zero share a line."""
    zeros = {"ETH": live("ETH", "0"), "XRP": live("XRP", "0")}
    balances = Balances({**HELD, **zeros})

    assert repr(balances) == str(balances)
    assert repr(balances).splitlines() == [
        "upbit-1: 4 balances",
        "Currency  Available  Locked    Total  Age  Source",
        "BTC            1.25     0       1.25  1 s  STREAM",
        "USDT        1000        0.5  1000.5   1 s  STREAM",
        "zero: ETH, XRP",
    ]
    assert repr(Balances({})) == "no balances known"


def test_its_repr_is_never_endless() -> None:
    """A long table is cut, and counts the rest."""
    many = {f"C{n:03}": live(f"C{n:03}", "1") for n in range(MOST_LINES + 7)}
    lines = repr(Balances(many)).splitlines()

    assert len(lines) == MOST_LINES + 3
    assert lines[-1] == "and 7 more, in stream.balances"


def test_stale_balances_are_marked_in_words() -> None:
    """Text and page have the word; the page's row is also paler."""
    old = Balances({"BTC": balance("1.25")})

    assert "BTC stale" in repr(old)
    assert '<td class="warn">BTC stale</td><td class="n old">1.25</td>' in (
        old._repr_html_()
    )
    assert "stale" not in Balances(HELD)._repr_html_().partition("<table>")[2]


def test_a_balance_is_a_page_too() -> None:
    """The page names the balance's account."""
    page = live("BTC", "0.0000001")._repr_html_()

    assert "<b>upbit-1</b>" in page
    assert '<td class="n">0.0000001</td>' in page


class Holder:
    """An account whose balances may change."""

    def __init__(self, held: dict[str, Balance]) -> None:
        self.balances = held


def test_the_balances_of_a_group_are_those_of_the_moment() -> None:
    """Each account is asked whenever somebody looks."""
    savings, empty = Holder(HELD), Holder({})
    group = GroupBalances({"savings": savings, "empty": empty})

    assert list(group) == ["savings", "empty"]
    assert (len(group), group["savings"], group["empty"]) == (2, HELD, {})
    with pytest.raises(KeyError):
        group["other"]
    empty.balances = {"ETH": live("ETH", "3")}
    assert list(group["empty"]) == ["ETH"]


def test_the_balances_of_a_group_are_one_table() -> None:
    """Accounts and currencies come by name; what is zero has no line."""
    bob = msgspec.structs.replace(live("BTC", "7"), account="bob")
    held = {"ETH": live("ETH", "0"), **HELD}
    group = GroupBalances({"upbit-1": Holder(held), "bob": Holder({"BTC": bob})})

    assert repr(group).splitlines() == [
        "2 accounts, 3 balances other than zero",
        "Account  Currency  Available  Locked    Total  Age  Source",
        "bob      BTC            7        0       7     1 s  STREAM",
        "upbit-1  BTC            1.25     0       1.25  1 s  STREAM",
        "upbit-1  USDT        1000        0.5  1000.5   1 s  STREAM",
    ]
    assert '<td class="n">1<span class="f" style="width:3ch">.25<' in (
        group._repr_html_()
    )
    assert "ETH" not in group._repr_html_()
