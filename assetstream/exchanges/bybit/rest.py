"""Reads Bybit's REST replies."""

from __future__ import annotations

from typing import Any, Iterator

import msgspec
from msgspec import Struct

from assetstream.exchanges.bybit.frames import UNIFIED, read_coin
from assetstream.exchanges.common.entries import Amounts, read_computed, snapshot_of
from assetstream.exchanges.common.values import MALFORMED, Unreadable, text
from assetstream.protocol import BalanceReport, Snapshot

__all__ = ["BybitReply", "read_balances", "read_envelope"]

#: The fields that the amounts are read from.
FIELDS = (
    *("walletBalance", "spotBorrow", "locked", "bonus"),
    *("totalOrderIM", "totalPositionIM"),
)


class BybitReply(Struct, rename="camel"):
    """The envelope of a REST reply. Every field may be absent."""

    ret_code: Any = None
    ret_msg: Any = None
    result: msgspec.Raw = msgspec.Raw(b"")

    @property
    def code(self) -> str:
        """The code as text; "" if the envelope has none, and is not Bybit's."""
        return text(self.ret_code)

    @property
    def words(self) -> str:
        """Bybit's words."""
        return text(self.ret_msg)

    @property
    def good(self) -> bool:
        """True if the envelope says that all went well."""
        return self.code == "0"


class ListedAccount(Struct, rename="camel"):
    coin: list[msgspec.Raw]
    account_type: Any = None
    total_initial_margin: Any = None


class ListedAccounts(Struct):
    accounts: list[ListedAccount] = msgspec.field(name="list")


_reply = msgspec.json.Decoder(BybitReply)
_result = msgspec.json.Decoder(ListedAccounts)


def read_envelope(body: bytes) -> BybitReply | None:
    """Read the envelope of a REST reply; None if it is not a JSON object."""
    try:
        return _reply.decode(body)
    except MALFORMED:
        return None


def read_balances(reply: BybitReply) -> Snapshot:
    """Read all balances; a bad entry costs only its own currency (S2).

    Raises:
        Unreadable: there is no list of balances, or no unified account in it.
    """
    try:
        accounts = _result.decode(bytes(reply.result)).accounts
    except MALFORMED as exc:
        raise Unreadable(f"no list of balances ({exc})") from None
    unified = [a for a in accounts if a.account_type in (None, UNIFIED)]
    if not unified:
        raise Unreadable("no unified account is listed")
    return snapshot_of(entry for account in unified for entry in _entries(account))


def _entries(account: ListedAccount) -> Iterator[tuple[str, BalanceReport | None]]:
    def amounts(coin: dict[str, Any]) -> Amounts:
        return read_coin(coin, account.total_initial_margin)

    for raw in account.coin:
        yield read_computed(bytes(raw), FIELDS, amounts, named="coin")
