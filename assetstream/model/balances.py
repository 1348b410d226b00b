"""The balances of one account at one moment, as a mapping that can be looked at."""

from __future__ import annotations

from typing import Any, ItemsView, Iterator, KeysView, Mapping, ValuesView

from assetstream.display.html import as_html
from assetstream.display.page import as_text
from assetstream.model import pictures
from assetstream.model.events import Balance

__all__ = ["Balances"]


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

    def __repr__(self) -> str:
        return as_text(pictures.balances_page(self, pictures.MOST_LINES))

    def _repr_html_(self) -> str:
        return as_html(pictures.balances_page(self, pictures.MOST_ROWS))
