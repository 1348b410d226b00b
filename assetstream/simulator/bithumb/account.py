"""``BithumbAccount``: an account on the simulated Bithumb."""

from __future__ import annotations

from decimal import Decimal
from typing import Sequence

from assetstream.simulator.account import Account, Opening
from assetstream.simulator.common.my_asset import FrameStamps
from assetstream.simulator.ledger import LedgerChange, LedgerEntry, plain
from assetstream.simulator.messages import Kind, Message

__all__ = ["BithumbAccount"]


class BithumbAccount(Account):
    """An account on the simulated Bithumb; see ``Account`` for what it can do.

    Args:
        opening: what every account begins with.
        numbers: push amounts as numbers, as the documents' table has them.
        text_frames: push by text frames; the real ones may be either.

    Attributes:
        nonces: nonces of its tokens that were used.
    """

    name = "bithumb"
    ws_path = "/websocket/v2/private"

    def __init__(
        self, opening: Opening, *, numbers: bool = False, text_frames: bool = False
    ) -> None:
        super().__init__(opening)
        self.nonces: set[str] = set()
        self._numbers = numbers
        self._text_frames = text_frames
        self._stamps = FrameStamps()

    def encode(self, change: LedgerChange, style: str) -> Sequence[Message]:
        """Make one frame per currency of ``change``, with stamps 1 ms apart.

        Args:
            style: the format that the client has chosen.
        """
        form = self._simple if style == "SIMPLE" else self._default
        return [
            Message(
                Kind.PUSH,
                form(change, entry, self._stamps.next(change, place)).encode(),
                binary=not self._text_frames,
            )
            for place, entry in enumerate(change.entries)
        ]

    # Formatted by hand: no JSON library writes a Decimal as a number with all digits.

    def _default(self, change: LedgerChange, entry: LedgerEntry, stamp: int) -> str:
        return (
            f'{{"type":"myAsset","assets":[{{"currency":"{entry.currency}",'
            f'"balance":{self._amount(entry.available)},'
            f'"locked":{self._amount(entry.locked)}}}],'
            f'"asset_timestamp":{change.time_ms},"timestamp":{stamp},'
            '"stream_type":"REALTIME"}'
        )

    def _simple(self, change: LedgerChange, entry: LedgerEntry, stamp: int) -> str:
        return (
            f'{{"ty":"myAsset","ast":[{{"cu":"{entry.currency}",'
            f'"b":{self._amount(entry.available)},'
            f'"l":{self._amount(entry.locked)}}}],'
            f'"asttms":{change.time_ms},"tms":{stamp},"st":"REALTIME"}}'
        )

    def _amount(self, amount: Decimal) -> str:
        return plain(amount) if self._numbers else f'"{plain(amount)}"'
