"""Reads CoinW's REST replies."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from assetstream.exchanges.coinw.frames import flag
from assetstream.exchanges.common.entries import names_twice, read_entry, snapshot_of
from assetstream.exchanges.common.values import MALFORMED, Unreadable, text
from assetstream.protocol import Snapshot

__all__ = ["ReplyEnvelope", "read_balances", "read_envelope"]


class ReplyEnvelope(Struct):
    """The envelope of a REST reply. Every field may be absent."""

    code: Any = None
    msg: Any = None
    message: Any = None
    success: Any = None
    failed: Any = None
    data: msgspec.Raw = msgspec.Raw(b"")

    @property
    def own(self) -> bool:
        """True if the envelope has a mark that CoinW puts on its replies."""
        flags = flag(self.success), flag(self.failed)
        return self.code is not None or flags != (None, None)

    @property
    def good(self) -> bool:
        """True if the envelope says or implies that all went well."""
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


_reply = msgspec.json.Decoder(ReplyEnvelope)
_balances = msgspec.json.Decoder(dict[str, msgspec.Raw])


def read_envelope(body: bytes) -> ReplyEnvelope | None:
    """Read the envelope of a REST reply; None if it is not a JSON object."""
    try:
        return _reply.decode(body)
    except MALFORMED:
        return None


def read_balances(reply: ReplyEnvelope) -> Snapshot:
    """Read all balances; a bad entry costs only its own currency (S2).

    Raises:
        Unreadable: there is no mapping of balances.
    """
    data = bytes(reply.data)
    try:
        entries = {code: bytes(raw) for code, raw in _balances.decode(data).items()}
    except MALFORMED as exc:
        raise Unreadable(f"no mapping of balances ({exc})") from None
    inside = sum(raw.count(b":") for raw in entries.values())
    twice = names_twice(data, len(entries) + inside)
    read = []
    for code, raw in entries.items():
        currency, entry = read_entry(raw, "available", "onOrders", code)
        read.append((currency, None if code in twice else entry))
    return snapshot_of(read)
