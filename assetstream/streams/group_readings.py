"""What a group can be asked: its streams, their balances, sums and figures."""

from __future__ import annotations

from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Mapping

from assetstream.model.balances import GroupBalances
from assetstream.model.events import Balance, exact_sum
from assetstream.model.health import GroupHealth

if TYPE_CHECKING:
    from assetstream.streams.group_run import GroupRun
    from assetstream.streams.stream import AssetStream

__all__ = ["GroupReadings"]


class GroupReadings:
    """The half of ``StreamGroup`` that changes nothing; safe from any thread."""

    _streams: dict[str, AssetStream]
    _run: GroupRun

    @property
    def streams(self) -> Mapping[str, AssetStream]:
        """account -> its stream, at this moment."""
        return MappingProxyType(self._streams.copy())

    @property
    def balances(self) -> Mapping[str, Mapping[str, Balance]]:
        """account -> currency -> balance: the accounts of this moment, each live."""
        return GroupBalances(self.streams)

    def total(self, currency: str, max_age: float | None = None) -> Decimal:
        """The sum of a currency over all accounts, available and locked, exact.

        Args:
            currency: its code, in any case.
            max_age: seconds; an older number of any account is refused.

        Raises:
            StaleBalance: an account's number is older than ``max_age``, or not known; a
                sum that left it out would be wrong. ``remove`` an account that failed.
        """
        held = (s.balance(currency, max_age).total for s in self.streams.values())
        return exact_sum(held)

    def health(self) -> GroupHealth:
        """The figures of this moment."""
        found = {account: s.health() for account, s in self.streams.items()}
        return GroupHealth.of(found, self._run.threads)

    @property
    def _owned_here(self) -> bool:
        return self._run.lifecycle.owned_here

    def __repr__(self) -> str:
        if not self._owned_here:
            return "<StreamGroup of another process>"
        return f"<StreamGroup {self._run.progress.progress()}>"
