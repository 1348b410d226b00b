"""Choices that keys make: which accounts are shown, in which order, from which line."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import Callable, Mapping, NamedTuple, Sequence

from assetstream.model.states import State
from assetstream.streams.accounts import AccountSnapshot, trouble_of

__all__ = ["ORDERS", "Choice", "chosen", "press", "troubled"]

#: Far below the last line: what shows the lines knows where that is.
END = 10**9
#: State -> how urgent it is; those that are not here are well, or wait their turn.
URGENT = {State.FAILED: 0, State.STALE: 1}
#: The urgency of an account that is well.
CALM = 4
LONG_AGO = datetime.min.replace(tzinfo=timezone.utc)


class Choice(NamedTuple):
    """A choice of what is shown.

    Attributes:
        words: each must be in an account's label, exchange, state or currency.
        typing: True while they are being typed.
        order: of the accounts: a key of ``ORDERS``.
        sums: True if totals are shown.
        top: the first line that is shown, of those that scroll.
    """

    words: str = ""
    typing: bool = False
    order: str = "trouble"
    sums: bool = True
    top: int = 0


def press(choice: Choice, key: str, page: int) -> Choice:
    """Return the choice after a key was pressed.

    Args:
        choice: the choice before.
        key: a letter, or the name of a key that writes none.
        page: lines that are shown of those that scroll.
    """
    if choice.typing:
        return _typed(choice, key)
    moves = {
        **dict.fromkeys(("up", "k"), choice.top - 1),
        **dict.fromkeys(("down", "j", "enter"), choice.top + 1),
        **dict.fromkeys(("pageup", "b"), choice.top - page),
        **dict.fromkeys(("pagedown", " "), choice.top + page),
        **dict.fromkeys(("home", "g"), 0),
        **dict.fromkeys(("end", "G"), END),
    }
    if key in moves:
        return choice._replace(top=max(0, moves[key]))
    if key == "/":
        return choice._replace(typing=True)
    if key == "escape":
        return choice._replace(words="", top=0)
    if key == "s":
        orders = list(ORDERS)
        following = orders[(orders.index(choice.order) + 1) % len(orders)]
        return choice._replace(order=following, top=0)
    if key == "t":
        return choice._replace(sums=not choice.sums, top=0)
    return choice


def chosen(
    accounts: Sequence[AccountSnapshot], choice: Choice
) -> list[AccountSnapshot]:
    """Return the accounts that are chosen, in the chosen order, each with the chosen
    balances.
    """
    words = choice.words.lower().split()
    found = [_matching(account, words) for account in accounts]
    return ORDERS[choice.order]([account for account in found if account is not None])


def troubled(account: AccountSnapshot) -> bool:
    """Tell whether an account asks for attention."""
    return _urgency(account) < CALM


def _typed(choice: Choice, key: str) -> Choice:
    if key == "enter":
        return choice._replace(typing=False)
    if key == "escape":
        return choice._replace(typing=False, words="", top=0)
    if key == "backspace":
        return choice._replace(words=choice.words[:-1], top=0)
    if len(key) == 1 and key.isprintable():
        return choice._replace(words=choice.words + key, top=0)
    return choice


def _matching(account: AccountSnapshot, words: Sequence[str]) -> AccountSnapshot | None:
    """Return the account with its balances of these words, None if it is not meant."""
    its = f"{account.account} {account.exchange} {account.health.state.value}".lower()
    others = [word for word in words if word not in its]
    if not others:
        return account
    rows = [
        row
        for row in account.rows
        if all(word in row.currency.lower() for word in others)
    ]
    return account._replace(rows=rows) if rows else None


def _urgency(account: AccountSnapshot) -> int:
    health = account.health
    if health.state is State.CONNECTING and health.error is not None:
        return 2
    if health.state is State.LIVE and health.in_doubt:
        return 3
    return URGENT.get(health.state, CALM)


def _by_trouble(accounts: Sequence[AccountSnapshot]) -> list[AccountSnapshot]:
    def key(account: AccountSnapshot) -> tuple[int, str]:
        urgency = _urgency(account)
        return urgency, trouble_of(account.health) if urgency < CALM else ""

    return sorted(accounts, key=key)


def _by_name(accounts: Sequence[AccountSnapshot]) -> list[AccountSnapshot]:
    def key(account: AccountSnapshot) -> list[tuple[int, str]]:
        # upbit-2 is before upbit-10.
        parts = re.findall(r"([0-9]*)([^0-9]*)", account.account.lower())
        return [(int(digits or 0), others) for digits, others in parts]

    return sorted(accounts, key=key)


def _by_change(accounts: Sequence[AccountSnapshot]) -> list[AccountSnapshot]:
    def key(account: AccountSnapshot) -> datetime:
        times = (row.changed_at or LONG_AGO for row in account.rows)
        return max(times, default=LONG_AGO)

    return sorted(accounts, key=key, reverse=True)


#: Name -> the order of accounts.
ORDERS: Mapping[str, Callable[[Sequence[AccountSnapshot]], list[AccountSnapshot]]] = {
    "trouble": _by_trouble,
    "name": _by_name,
    "last change": _by_change,
}
