"""``OKXAccount``: an account on the simulated OKX."""

from __future__ import annotations

from typing import Any, Mapping, Sequence

import msgspec

from assetstream.runtime.loop import clock
from assetstream.simulator.account import Account, BalanceSubscriber, Opening
from assetstream.simulator.ledger import Balances, LedgerChange, plain
from assetstream.simulator.limits import Limit
from assetstream.simulator.messages import Kind, Message

__all__ = ["DEMO", "OKXAccount", "wallet"]

#: How the regions of demo trading end.
DEMO = "-demo"
ARGUMENT = {"channel": "account", "uid": "44*********584"}
#: What a snapshot shows has not changed for long.
LONG_MS = 86_400_000


class OKXAccount(Account):
    """A trading account on the simulated OKX; see ``Account`` for what it can do.

    Its key is ``api_key``, ``secret_key`` and ``passphrase``.

    Args:
        opening: what every account begins with.
        push_zeros: push a currency of which nothing is left, as zero; False: leave it
            out, as OKX's documents can be read, too.
        page: the most currencies of a page of the snapshot.
        connections: how many may be subscribed at a time.

    Attributes:
        connections: how many may be subscribed at a time.
    """

    name = "okx"
    ws_path = "/ws/v5/private"

    def __init__(
        self,
        opening: Opening,
        *,
        push_zeros: bool = True,
        page: int = 20,
        connections: int = 30,
    ) -> None:
        super().__init__(opening)
        self.reads = Limit(10, 2.0)
        self.connections = connections
        self._push_zeros = push_zeros
        self._page = page

    def is_of(self, region: str) -> bool:
        """Return whether the site of a region knows its key, whatever it is good for.

        Args:
            region: with or without ``-demo``.
        """
        return self.region.removesuffix(DEMO) == region.removesuffix(DEMO)

    @property
    def passphrase(self) -> str:
        """The fake passphrase that belongs to the fake key."""
        return self.keys[2]

    def subscribe(self, subscriber: BalanceSubscriber) -> None:
        """Push to ``subscriber`` from now on, and first what there is, in pages."""
        super().subscribe(subscriber)
        if subscriber.silent:
            return
        # Before the balances are read: what changes meanwhile is pushed as later.
        taken = int(clock.wall() * 1000)
        held = {code: pair for code, pair in self.balances.items() if any(pair)}
        codes = list(held)
        pages = range(0, max(1, len(codes)), self._page)
        for number, begin in enumerate(pages, 1):
            page = {code: held[code] for code in codes[begin : begin + self._page]}
            content = {
                "eventType": "snapshot",
                "curPage": number,
                "lastPage": number == len(pages),
                "data": [wallet(page, taken, taken - LONG_MS)],
            }
            self._send(subscriber, push(content))

    def encode(self, change: LedgerChange, style: str) -> Sequence[Message]:
        """Make one text frame of all that changed.

        Args:
            style: OKX has one only.
        """
        balances = {
            entry.currency: (entry.available, entry.locked)
            for entry in change.entries
            if self._push_zeros or entry.available or entry.locked
        }
        if not balances:
            return ()
        data = [wallet(balances, change.time_ms, change.time_ms)]
        return [push({"eventType": "event_update", "data": data})]


def push(content: Mapping[str, Any]) -> Message:
    """Make the frame of a push."""
    payload = msgspec.json.encode({"arg": ARGUMENT, **content})
    return Message(Kind.PUSH, payload)


def wallet(balances: Balances, taken: int, changed: int) -> dict[str, Any]:
    """Make what REST and pushes show of an account in spot mode.

    Args:
        balances: (available, locked) by currency.
        taken: when they were looked up, ms since 1970.
        changed: when they changed last.
    """
    details = [
        {
            "availBal": plain(available),
            # Spot mode: it does not apply.
            "availEq": "",
            "cashBal": plain(available + locked),
            "ccy": currency,
            "eq": plain(available + locked),
            "frozenBal": plain(locked),
            "imr": "",
            "liab": "",
            "ordFrozen": plain(locked),
            "uTime": str(changed),
            "upl": "",
        }
        for currency, (available, locked) in balances.items()
    ]
    return {"adjEq": "", "details": details, "totalEq": "0", "uTime": str(taken)}
