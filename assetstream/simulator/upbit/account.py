"""``UpbitAccount``: an account on the simulated Upbit."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Sequence

from assetstream.simulator.account import Account, Opening
from assetstream.simulator.common.my_asset import FrameStamps
from assetstream.simulator.ledger import LedgerChange, LedgerEntry, plain
from assetstream.simulator.limits import Limit
from assetstream.simulator.messages import Kind, Message

__all__ = ["UpbitAccount"]


class UpbitAccount(Account):
    """An account on the simulated Upbit; see ``Account`` for what it can do.

    Its key is ``access_key`` and ``secret_key``. It is made by ``Simulator.upbit``.

    Attributes:
        nonces: nonces of its tokens that were used.
        connects: the limit of its connections.
        connects_by_browser: that of those whose upgrade has an Origin header.
    """

    name = "upbit"
    ws_path = "/websocket/v1/private"

    def __init__(
        self,
        opening: Opening,
        *,
        first_use_silence: bool = False,
        exponents: bool = False,
    ) -> None:
        super().__init__(opening)
        self.nonces: set[str] = set()
        self.connects = Limit(5, 1.0)
        self.connects_by_browser = Limit(1, 10.0)
        self.reads = Limit(30, 1.0)
        self._exponents = exponents
        self._untouched = first_use_silence
        self._stamps = FrameStamps()

    @property
    def access_key(self) -> str:
        """The fake key: 40 characters, like the real ones."""
        return self.api_key

    @property
    def ws_url(self) -> str:
        """The whole URL of the private WebSocket."""
        return self.context.ws_url + self.ws_path

    @property
    def rest_url(self) -> str:
        """The base URL of REST, as the real one's without a path."""
        return self.context.url

    def silences_first(self) -> bool:
        """Return True once: for the first subscription, if that is to get nothing."""
        first, self._untouched = self._untouched, False
        return first

    def encode(self, change: LedgerChange, style: str) -> Sequence[Message]:
        """Make one binary frame per currency of ``change``, with stamps 1 ms apart.

        Args:
            style: the format that the client has chosen.
        """
        wrap = "[{}]" if "LIST" in style else "{}"
        form = self._simple if "SIMPLE" in style else self._default
        return [
            Message(
                Kind.PUSH,
                wrap.format(
                    form(change, entry, self._stamps.next(change, place))
                ).encode(),
                binary=True,
            )
            for place, entry in enumerate(change.entries)
        ]

    # Formatted by hand: no JSON library writes a Decimal as a number with all digits.

    def _default(self, change: LedgerChange, entry: LedgerEntry, stamp: int) -> str:
        return (
            f'{{"type":"myAsset","asset_uuid":"{self._uuid(entry.currency)}",'
            f'"assets":[{{"currency":"{entry.currency}",'
            f'"balance":{self._number(entry.available, entry)},'
            f'"locked":{self._number(entry.locked, entry)}}}],'
            f'"asset_timestamp":{change.time_ms},"timestamp":{stamp},'
            f'"stream_type":"REALTIME"}}'
        )

    def _simple(self, change: LedgerChange, entry: LedgerEntry, stamp: int) -> str:
        return (
            f'{{"ty":"myAsset","astuid":"{self._uuid(entry.currency)}",'
            f'"ast":[{{"cu":"{entry.currency}",'
            f'"b":{self._number(entry.available, entry)},'
            f'"l":{self._number(entry.locked, entry)}}}],'
            f'"asttms":{change.time_ms},"tms":{stamp},"st":"REALTIME"}}'
        )

    def _uuid(self, currency: str) -> uuid.UUID:
        return uuid.uuid5(uuid.NAMESPACE_OID, f"{self.access_key}/{currency}")

    def _number(self, amount: Decimal, entry: LedgerEntry) -> str:
        if self._exponents and amount and entry.number % 4 == 3:
            digits, _, power = f"{amount:E}".partition("E")
            return f"{digits}E{int(power)}"
        return plain(amount)
