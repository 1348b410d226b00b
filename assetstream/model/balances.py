"""The balances of one account, or of many, as mappings that show themselves."""

from __future__ import annotations

from typing import (
    TYPE_CHECKING,
    Any,
    ItemsView,
    Iterable,
    Iterator,
    KeysView,
    Mapping,
    Protocol,
    ValuesView,
)

from assetstream.display.balances import (
    MOST_LINES,
    MOST_ROWS,
    accounts_page,
    balances_page,
    is_held,
)
from assetstream.display.html import as_html
from assetstream.display.page import Page
from assetstream.display.text import as_text
from assetstream.model.events import Balance, row_of
from assetstream.model.frames import make_frame

if TYPE_CHECKING:
    from pandas import DataFrame

__all__ = ["Balances", "GroupBalances", "HasBalances"]

#: Of ``to_pandas``.
COLUMNS = [
    *("currency", "exchange", "account", "available", "locked", "total"),
    *("stale", "age", "verified", "source", "changed_at"),
]


class Balances(Mapping[str, Balance]):
    """currency -> balance: immutable, equal to any mapping that holds the same.

    Args:
        held: what it shows; it must not change any more.
    """

    __slots__ = ("_held",)

    def __init__(self, held: dict[str, Balance]) -> None:
        self._held = held

    def __getitem__(self, currency: str) -> Balance:
        return self._held[currency]

    def __iter__(self) -> Iterator[str]:
        return iter(self._held)

    def __len__(self) -> int:
        return len(self._held)

    # As fast as those of a dict, which Mapping's own are not.

    def __contains__(self, currency: object) -> bool:
        return currency in self._held

    def get(self, currency: str, default: Any = None) -> Any:
        """The balance, or ``default`` for a currency that is not here."""
        return self._held.get(currency, default)

    def keys(self) -> KeysView[str]:
        """The currencies."""
        return self._held.keys()

    def values(self) -> ValuesView[Balance]:
        """The balances."""
        return self._held.values()

    def items(self) -> ItemsView[str, Balance]:
        """Pairs of currency and balance."""
        return self._held.items()

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Balances):
            return self._held == other._held
        if isinstance(other, Mapping):
            return self._held == dict(other)
        return NotImplemented

    def __reduce__(self) -> tuple[Any, ...]:
        return Balances, (self._held,)

    def to_pandas(self) -> DataFrame:
        """Make a DataFrame of it: one row for each currency, which is the index.

        The columns are ``exchange``, ``account``, ``available``, ``locked``, ``total``,
        ``stale``, ``age`` and ``verified`` (seconds), ``source`` and ``changed_at``
        (UTC), as ``Balance`` has them, at the moment of this call. Amounts are
        ``Decimal`` objects, exact, which print all their digits.

        Raises:
            ConfigurationError: pandas is missing: the extra ``plot`` brings it.
        """
        return _frame(self._held.values(), "currency")

    def _page(self, most: int) -> Page:
        rows = [row_of(balance) for _, balance in sorted(self._held.items())]
        return balances_page(rows, most)

    def __repr__(self) -> str:
        return as_text(self._page(MOST_LINES))

    def _repr_html_(self) -> str:
        return as_html(self._page(MOST_ROWS))


class HasBalances(Protocol):
    """An account, as far as its balances are asked for."""

    @property
    def balances(self) -> Mapping[str, Balance]:
        """currency -> balance, at this moment."""
        ...


class GroupBalances(Mapping[str, Mapping[str, Balance]]):
    """account -> currency -> balance, as that is when it is looked at.

    Args:
        accounts: label -> account; it must not change any more.
    """

    def __init__(self, accounts: Mapping[str, HasBalances]) -> None:
        self._accounts = accounts

    def __getitem__(self, account: str) -> Mapping[str, Balance]:
        return self._accounts[account].balances

    def __iter__(self) -> Iterator[str]:
        return iter(self._accounts)

    def __len__(self) -> int:
        return len(self._accounts)

    def to_pandas(self) -> DataFrame:
        """Make a DataFrame of all accounts, as ``Balances.to_pandas`` does of one.

        The index is ``account`` and ``currency``.

        Raises:
            ConfigurationError: pandas is missing: the extra ``plot`` brings it.
        """
        held = (balance for each in self.values() for balance in each.values())
        return _frame(held, ["account", "currency"])

    def _page(self, most: int) -> Page:
        held = [
            row_of(balance)
            for _, balances in sorted(self.items())
            for _, balance in sorted(balances.items())
            if is_held(balance)
        ]
        return accounts_page(len(self), held, most)

    def __repr__(self) -> str:
        return as_text(self._page(MOST_LINES))

    def _repr_html_(self) -> str:
        return as_html(self._page(MOST_ROWS))


def _frame(balances: Iterable[Balance], index: str | list[str]) -> DataFrame:
    rows = (
        [getattr(balance, name) for name in COLUMNS[:-2]]
        + [balance.source.value, balance.changed_at]
        for balance in balances
    )
    return make_frame("balances", rows, COLUMNS, ["changed_at"], index)
