"""Reads OKX's REST replies."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from assetstream.exchanges.common.entries import read_computed, snapshot_of
from assetstream.exchanges.common.values import (
    MALFORMED,
    Unreadable,
    text,
)
from assetstream.exchanges.okx.frames import amounts
from assetstream.protocol import Snapshot

__all__ = ["OKXReply", "read_balances", "read_envelope"]

#: The fields that the amounts are read from.
FIELDS = "availBal", "availEq", "frozenBal"


class OKXReply(Struct):
    """The envelope of a REST reply. Every field may be absent."""

    code: Any = None
    msg: Any = None
    data: msgspec.Raw = msgspec.Raw(b"")

    @property
    def code_text(self) -> str:
        """The code as text; it comes as a text or, from another server, as a number."""
        return text(self.code)

    @property
    def good(self) -> bool:
        """True if the envelope says that all went well."""
        return self.code_text == "0"

    @property
    def words(self) -> str:
        """OKX's words."""
        return text(self.msg)


class WalletReply(Struct):
    details: list[msgspec.Raw]


_reply = msgspec.json.Decoder(OKXReply)
_wallets = msgspec.json.Decoder(list[WalletReply])


def read_envelope(body: bytes) -> OKXReply | None:
    """Read the envelope of a REST reply; None if it is not a JSON object."""
    try:
        return _reply.decode(body)
    except MALFORMED:
        return None


def read_balances(reply: OKXReply) -> Snapshot:
    """Read all balances; a bad entry costs only its own currency (S2).

    Raises:
        Unreadable: there is no list of the trading account's balances.
    """
    try:
        wallets = _wallets.decode(bytes(reply.data))
    except MALFORMED as exc:
        raise Unreadable(f"no list of balances ({exc})") from None
    if len(wallets) != 1:
        raise Unreadable(f"{len(wallets)} accounts in place of one")
    return snapshot_of(
        read_computed(bytes(raw), FIELDS, amounts, named="ccy")
        for raw in wallets[0].details
    )
