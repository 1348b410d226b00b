"""Reads Binance's REST replies."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from assetstream.exchanges.common.entries import read_entry, snapshot_of
from assetstream.exchanges.common.values import MALFORMED, Unreadable, text
from assetstream.protocol import Snapshot

__all__ = ["BinanceError", "read_balances", "read_error"]


class BinanceError(Struct):
    """An error in Binance's own words."""

    code: Any
    msg: Any

    @property
    def code_text(self) -> str:
        """The code as text."""
        return text(self.code)

    @property
    def words(self) -> str:
        """Binance's words."""
        return text(self.msg)


class SpotAccount(Struct):
    balances: list[msgspec.Raw]


_error = msgspec.json.Decoder(BinanceError)
_account = msgspec.json.Decoder(SpotAccount)


def read_error(body: bytes) -> BinanceError | None:
    """Read an error; None if the body is none of Binance's."""
    try:
        error = _error.decode(body)
    except MALFORMED:
        return None
    return error if error.code_text else None


def read_balances(body: bytes) -> Snapshot:
    """Read all balances; a bad entry costs only its own currency (S2).

    Raises:
        Unreadable: there is no list of balances.
    """
    try:
        entries = _account.decode(body).balances
    except MALFORMED as exc:
        raise Unreadable(f"no list of balances ({exc})") from None
    return snapshot_of(
        read_entry(bytes(raw), "free", "locked", named="asset") for raw in entries
    )
