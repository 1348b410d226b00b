"""``BithumbAccount``: an account on the simulated Bithumb."""

from __future__ import annotations

from decimal import Decimal
from typing import Mapping, Sequence

from assetstream.protocol import Exchange
from assetstream.simulator.account import Account, ApiKey
from assetstream.simulator.common.my_asset import FrameStamps
from assetstream.simulator.context import Context
from assetstream.simulator.ledger import Amount, LedgerChange, LedgerEntry, plain
from assetstream.simulator.messages import Kind, Message

__all__ = ["WS_PATH", "BithumbAccount"]

WS_PATH = "/websocket/v2/private"


class BithumbAccount(Account):
    """An account on the simulated Bithumb; see ``Account`` for what it can do.

    Attributes:
        nonces: nonces of its tokens that were used.
    """

    name = "bithumb"

    def __init__(
        self,
        context: Context,
        number: int,
        credentials: ApiKey,
        balances: Mapping[str, Amount],
        *,
        numbers: bool,
        text_frames: bool,
    ) -> None:
        super().__init__(context, number, credentials, balances)
        self.nonces: set[str] = set()
        self._numbers = numbers
        self._text_frames = text_frames
        self._stamps = FrameStamps()

    @property
    def ws_url(self) -> str:
        """The whole URL of the private WebSocket."""
        return f"{self.context.ws_url}/{self.name}{WS_PATH}"

    def exchange(self) -> Exchange:
        """Make an ``assetstream.Bithumb`` for this account, at the simulator."""
        from assetstream.exchanges import Bithumb

        return Bithumb(*self.keys, ws_url=self.ws_url, rest_url=self.rest_url)

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
