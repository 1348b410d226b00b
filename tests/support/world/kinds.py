"""Kinds of accounts: how often which balances change, as data."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["KINDS", "Kind"]


class Kind(NamedTuple):
    """One kind of account.

    Attributes:
        name: of the kind.
        pace: seconds from one change to the next, on the average; half of the changes
            are of two balances at one moment.
        currencies: so many; the first change most often.
        deposits: an hour, which CoinW does not push.
        loop: an order is placed and cancelled again and again, so that two amounts
            alternate; else each amount comes once, so that truth has an order.
        hours: a life of it is so long.
    """

    name: str
    pace: float
    currencies: int = 4
    deposits: float = 0.0
    loop: bool = False
    hours: float = 1.0


#: Those that the rules were made for; see the figures of each weather.
KINDS = {
    kind.name: kind
    for kind in (
        Kind("quiet n5", 7200.0, 5, deposits=1.0, hours=6.0),
        Kind("quiet n1", 7200.0, 1, deposits=1.0, hours=6.0),
        Kind("slow n10", 60.0, 10, deposits=4.0, hours=3.0),
        Kind("slow n30", 20.0, 30, deposits=4.0, hours=3.0),
        Kind("loop bot n2", 5.0, 2, deposits=2.0, loop=True, hours=2.0),
        Kind("busy n5", 1.0, 5, deposits=4.0),
        Kind("brisk n3", 0.5, 3, deposits=4.0),
        Kind("vbusy n3", 0.05, 3, deposits=4.0, hours=0.1),
    )
}
