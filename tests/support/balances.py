"""Balances of a simulated account and of a stream, in the same form."""

from __future__ import annotations

from typing import Any

from assetstream import AssetStream

__all__ = ["known_balances", "true_balances"]


def true_balances(account: Any) -> dict[str, tuple[Any, Any]]:
    """Return the simulated account's own non-zero balances."""
    return {c: amounts for c, amounts in account.balances.items() if any(amounts)}


def known_balances(stream: AssetStream) -> dict[str, tuple[Any, Any]]:
    """Return the non-zero balances that the stream shows."""
    return {
        currency: (balance.available, balance.locked)
        for currency, balance in stream.balances.items()
        if balance.total
    }
