"""What CoinW's REST replies say. Pure reading."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from assetstream.exchanges.balances import collect, says_nothing
from assetstream.exchanges.coinw_frames import flag
from assetstream.exchanges.reading import (
    MALFORMED,
    Unreadable,
    amount,
    currency_code,
    decode,
    text,
)
from assetstream.protocol import BalanceReport, Snapshot

__all__ = ["Reply", "read_balances", "read_reply"]


class Reply(Struct):
    """A REST reply. Every field may be absent."""

    code: Any = None
    msg: Any = None
    message: Any = None
    success: Any = None
    failed: Any = None
    data: msgspec.Raw = msgspec.Raw(b"")

    @property
    def own(self) -> bool:
        """True if it has a mark that CoinW puts on its replies."""
        flags = flag(self.success), flag(self.failed)
        return self.code is not None or flags != (None, None)

    @property
    def good(self) -> bool:
        """True if it says, or leaves to be understood, that all went well."""
        return (
            (self.own or bool(bytes(self.data)))
            and (self.code is None or self.code_text == "200")
            and flag(self.success) is not False
            and flag(self.failed) is not True
        )

    @property
    def code_text(self) -> str:
        """The code as text; it comes as a string or as a number."""
        return text(self.code)

    @property
    def words(self) -> str:
        """CoinW's words, under either of its names for them."""
        return text(self.message if self.msg is None else self.msg)


_reply = msgspec.json.Decoder(Reply)
_balances = msgspec.json.Decoder(dict[str, msgspec.Raw])


def read_reply(body: bytes) -> Reply:
    """Read the envelope of a REST reply.

    Raises:
        Unreadable: it is not a JSON object.
    """
    try:
        return _reply.decode(body)
    except MALFORMED as exc:
        raise Unreadable(f"not readable as a JSON object ({exc})") from None


def read_balances(reply: Reply) -> Snapshot:
    """Read all balances; a bad entry costs only its own currency (S2).

    Raises:
        Unreadable: there is no mapping of balances.
    """
    data = bytes(reply.data) or b"null"
    try:
        entries = _balances.decode(data)
    except MALFORMED as exc:
        if says_nothing(data):
            return Snapshot((), empty=True)
        raise Unreadable(f"no mapping of balances ({exc})") from None
    if not entries:
        return Snapshot((), empty=True)
    return collect(_balance(code, bytes(raw)) for code, raw in entries.items())


def _balance(code: str, raw: bytes) -> tuple[str, BalanceReport | None]:
    currency = ""
    try:
        currency = currency_code(code)
        entry = decode(raw)
        if not isinstance(entry, dict):
            return currency, None
        available = amount(entry.get("available"))
        locked = amount(entry.get("onOrders"))
    except Unreadable:
        return currency, None
    # A complete list must tell both: here a missing amount is not understood.
    if available is None or locked is None:
        return currency, None
    return currency, BalanceReport(currency, available, locked, raw=raw)
