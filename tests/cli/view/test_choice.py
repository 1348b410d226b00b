"""Keys choose accounts, their order, and the first line."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Sequence

import pytest

from assetstream import ConnectionLost, Health, State
from assetstream.cli.view.choice import ORDERS, Choice, chosen, press, troubled
from assetstream.display.balances import BalanceRow
from assetstream.streams.accounts import AccountSnapshot, trouble_lines

EVERYTHING = Choice()
NOW = datetime(2026, 1, 2, tzinfo=timezone.utc)


def account(
    label: str,
    state: State = State.LIVE,
    *,
    currencies: Sequence[str] = ("BTC", "USDT"),
    reason: str = "",
    changed: int | None = None,
    in_doubt: tuple[str, ...] = (),
    error: ConnectionLost | None = None,
) -> AccountSnapshot:
    """Make an account; ``changed``: so many seconds ago."""
    rows = [
        BalanceRow(
            *("upbit", label, currency, Decimal(1), Decimal(0), Decimal(1)),
            *(0.0, "STREAM", False, Decimal(1)),
            None if changed is None else NOW - timedelta(seconds=changed),
        )
        for currency in currencies
    ]
    health = Health(state=state, reason=reason, in_doubt=in_doubt, error=error)
    return AccountSnapshot("upbit", label, health, rows)


def labels(accounts: Sequence[AccountSnapshot]) -> list[str]:
    """Return their labels."""
    return [each.account for each in accounts]


def typed(keys: Sequence[str], choice: Choice = EVERYTHING) -> Choice:
    """Press keys one after another."""
    for key in keys:
        choice = press(choice, key, 10)
    return choice


@pytest.mark.parametrize(
    ("keys", "top"),
    [
        (["down"], 6),
        (["j", "enter"], 7),
        (["up", "k"], 3),
        (["pagedown"], 15),
        ([" ", "b"], 5),
        (["pageup"], 0),
        (["home"], 0),
        (["g"], 0),
        (["x", "left"], 5),
    ],
)
def test_keys_move_the_first_line(keys: list[str], top: int) -> None:
    """It is never above the first; keys without a meaning do nothing."""
    assert typed(keys, Choice(top=5)).top == top


@pytest.mark.parametrize("key", ["end", "G"])
def test_the_end_is_below_every_line(key: str) -> None:
    """Where the last page begins, the screen knows."""
    assert typed([key]).top > 10**6


def test_what_is_typed_behind_a_slash_is_a_filter() -> None:
    """Letters mean themselves meanwhile; Enter keeps it, Escape clears it."""
    typing = typed([*"/btq", "up", "backspace", *"c s"], Choice(top=7))
    assert typing == Choice(words="btc s", typing=True, top=0)
    kept = typed(["enter"], typing)
    assert (kept.words, kept.typing) == ("btc s", False)
    assert typed(["escape"], typing) == typed(["escape"], kept) == Choice()


def test_keys_choose_the_order_and_the_totals() -> None:
    """The orders come round; both begin at the top."""
    orders = [typed(["s"] * n, Choice(top=5)).order for n in range(len(ORDERS) + 1)]

    assert orders == [*ORDERS, "trouble"]
    assert typed(["t"], Choice(top=5)) == Choice(sums=False)
    assert typed(["t", "t"]) == Choice()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("", {"main": 2, "upbit-2": 2, "old": 1}),
        ("upbit", {"main": 2, "upbit-2": 2, "old": 1}),
        ("MAIN", {"main": 2}),
        ("stale", {"upbit-2": 2}),
        ("btc", {"main": 1, "upbit-2": 1}),
        ("xrp live", {"old": 1}),
        ("stale usd", {"upbit-2": 1}),
        ("stale xrp", {}),
        ("coinw", {}),
    ],
)
def test_each_word_is_of_the_account_or_of_its_balances(
    words: str, expected: dict[str, int]
) -> None:
    """Balances are chosen by the words that the account does not have."""
    accounts = [
        account("main"),
        account("upbit-2", State.STALE),
        account("old", currencies=["XRP"]),
    ]
    found = chosen(accounts, Choice(words=words, order="name"))

    assert {each.account: len(each.rows) for each in found} == expected


def test_trouble_is_first_and_its_causes_are_together() -> None:
    """Those that are well stay in the order in which they were given."""
    lost = [ConnectionLost("gone", account=each, exchange="upbit") for each in "ej"]
    accounts = [
        account("a"),
        account("b", State.CONNECTING),
        account("c", in_doubt=("BTC",)),
        account("d", State.STALE, reason="x"),
        account("e", State.CONNECTING, error=lost[0]),
        account("f", State.STALE, reason="w"),
        account("g", State.STALE, reason="x"),
        account("h", State.FAILED, reason="z"),
        account("i", State.STOPPED),
        account("j", State.CONNECTING, error=lost[1], reason="attempt 3"),
    ]
    found = chosen(accounts, Choice())

    assert "".join(labels(found)) == "hfdgejcabi"
    assert "".join(labels(list(filter(troubled, found)))) == "hfdgejc"
    # The account's label, which the error has, does not make it another cause.
    names = [line.name for line in trouble_lines(found)]
    assert names == ["h:", "f:", "d, g:", "e, j:"]


def test_other_orders() -> None:
    """Numbers in names count as numbers; what has changed last is first."""
    accounts = [
        account("upbit-10", changed=9),
        account("upbit-9"),
        account("Main", changed=1),
        account("x", currencies=[]),
    ]

    by_name = labels(chosen(accounts, Choice(order="name")))
    assert by_name == ["Main", "upbit-9", "upbit-10", "x"]
    by_change = labels(chosen(accounts, Choice(order="last change")))
    assert by_change == ["Main", "upbit-10", "upbit-9", "x"]
