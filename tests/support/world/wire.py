"""The wire forms of an exchange, as its servers send them."""

from __future__ import annotations

from decimal import Decimal
from typing import Mapping, Sequence

from assetstream.protocol import Exchange
from tests.support.world.ledger import Amounts

__all__ = ["Wire"]


class Wire:
    """One exchange's forms.

    Attributes:
        exchange: the real adapter.
        unknown_key: the answer of REST to a key that it refuses.
        login_refused: the frame that answers a login with such a key; b"": there is no
            login, and the upgrade is refused in the same words.
        in_order: it sends pushes in the order of the changes.
        deltas: a push may tell of a change without the amounts: garbled as "delta".
        renewal: the frame that announces the end of a connection; b"": there is none.
    """

    exchange: Exchange
    unknown_key: tuple[int, bytes]
    login_refused: bytes = b""
    in_order: bool
    deltas: bool = False
    renewal: bytes = b""

    def answers(self, text: str) -> tuple[Sequence[bytes], bool]:
        """Return the frames that answer a text, and whether it subscribes."""
        raise NotImplementedError

    def logs_in(self, text: str) -> bool:
        """True if a text is a login."""
        return '"login"' in text

    def push(
        self, currency: str, amounts: Amounts, key: tuple[int, int], garbled: str = ""
    ) -> bytes:
        """Return the frame of one change.

        Args:
            currency: what changed.
            amounts: what it is now.
            key: the exchange's order of changes.
            garbled: what cannot be read: "entry", "frame" or nothing; "delta": it can,
                but says no amounts.
        """
        if garbled == "delta":
            return self.delta(currency)
        if garbled == "frame":
            return b'{"type":"myAsset","assets":[{"curr'
        available = '"?"' if garbled else self._amount(amounts[0])
        return self._push(currency, available, self._amount(amounts[1]), key)

    def untimely(self, headers: Mapping[str, str], ms: int) -> tuple[int, bytes] | None:
        """Return the refusal of a request that was not made at this time, if it is.

        Args:
            headers: the request's, and its URL as ``url``.
            ms: the exchange's time.
        """
        return None

    def delta(self, currency: str) -> bytes:
        """Return the frame of a change that does not say the amounts."""
        raise NotImplementedError

    def key(self, milliseconds: int, number: int) -> tuple[int, int]:
        """Return the key of the account's push ``number``, made at that time."""
        raise NotImplementedError

    def balances(
        self, held: Mapping[str, Amounts], garbled: str | None, twice: str | None
    ) -> bytes:
        """Return a reply of REST.

        Args:
            held: the balances to name.
            garbled: a currency whose entry cannot be read, "" for an entry without a
                name; None: all can be read.
            twice: a currency that stands twice in it; None: none does.
        """
        raise NotImplementedError

    def without(self, kind: str) -> bytes:
        """Return a reply with "null" or another "type" in the place of balances."""
        raise NotImplementedError

    def _amount(self, amount: Decimal) -> str:
        raise NotImplementedError

    def _push(
        self, currency: str, available: str, locked: str, key: tuple[int, int]
    ) -> bytes:
        raise NotImplementedError
