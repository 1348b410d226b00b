"""What accounts hold at one moment, by themselves and together."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Collection, Iterable, Iterator, Mapping, NamedTuple

from assetstream.model.events import Balance, exact_sum
from assetstream.model.states import State
from assetstream.streams.stream import AssetStream

__all__ = ["Holdings", "Total", "how_many", "look", "totals"]


class Holdings(NamedTuple):
    """One look at an account: rows and sums made of it agree with each other.

    Attributes:
        exchange: its name.
        account: its label.
        balances: by currency, in the order of the alphabet, zeros included.
        stale: currencies whose balance is not vouched for.
        known: False if they were never read.
    """

    exchange: str
    account: str
    balances: Mapping[str, Balance]
    stale: Collection[str]
    known: bool


class Total(NamedTuple):
    """A currency over all accounts, exact.

    Attributes:
        currency: its code.
        available: the sum.
        locked: the sum.
        accounts: how many of them hold some.
        stale: how many cannot vouch for their part.
    """

    currency: str
    available: Decimal
    locked: Decimal
    accounts: int
    stale: int

    @property
    def total(self) -> Decimal:
        """Available and locked."""
        return exact_sum((self.available, self.locked))


def look(stream: AssetStream) -> Holdings:
    """What it holds now."""
    health, balances = stream.health(), dict(sorted(stream.balances.items()))
    # Not ``balance.stale``: one that a push replaces while this is painted is stale as
    # an object, but its currency is not.
    live = health.state is State.LIVE
    # Of what was stopped the state says enough: it is how a command ends.
    vouched = live or health.state is State.STOPPED
    stale = frozenset(health.in_doubt) if vouched else balances.keys()
    known = live or bool(balances)
    return Holdings(stream.exchange.name, stream.account, balances, stale, known)


def how_many(counted: int, there_are: int) -> str:
    """Whose sum it is: ``all 3``, or ``2 of 3``, which leaves something out."""
    if counted == there_are:
        return f"all {there_are}"
    return f"{counted} of {there_are}"


def totals(accounts: Iterable[Holdings]) -> Iterator[Total]:
    """Add up each currency that was ever held, in the order of the alphabet."""
    held: dict[str, list[Balance]] = {}
    stale: Counter[str] = Counter()
    for account in accounts:
        for currency, balance in account.balances.items():
            held.setdefault(currency, []).append(balance)
        # An account that is not LIVE vouches for nothing.
        stale.update(account.stale)
    for currency, each in sorted(held.items()):
        yield Total(
            currency,
            exact_sum(balance.available for balance in each),
            exact_sum(balance.locked for balance in each),
            sum(bool(balance.total) for balance in each),
            stale[currency],
        )
