"""``GateVenue``: signatures, times and REST of the simulated Gate."""

from __future__ import annotations

import random
import re
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Callable, Mapping

from assetstream.exchanges.gate.exchange import READ_PATH, read_text, sign
from assetstream.simulator.account import letters
from assetstream.simulator.common.signatures import same
from assetstream.simulator.gate.account import GateAccount
from assetstream.simulator.gate.session import (
    LABELS,
    TOLERANCE,
    GateSession,
    refusal,
)
from assetstream.simulator.ledger import plain
from assetstream.simulator.messages import (
    Reply,
    Request,
    RequestRefused,
    amend,
    exact,
    exact_json,
)
from assetstream.simulator.session import ExchangeSession, Transport
from assetstream.simulator.venue import Venue

__all__ = ["GateVenue", "failed"]

SECONDS = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,9})?", re.ASCII)


def failed(label: str) -> Reply:
    """Make the refusal of a request."""
    status, message = LABELS[label]
    return Reply.json(status, {"label": label, "message": message})


class GateVenue(Venue[GateAccount]):
    """Checks signatures and times, and serves ``GET /api/v4/spot/accounts``."""

    name = "gate"
    account_type = GateAccount
    read = "GET", READ_PATH
    not_found = failed("NOT_FOUND")
    starting_balances: Mapping[str, str] = MappingProxyType(
        {"USDT": "10000", "BTC": "0.5", "ETH": "4"}
    )
    error = exact_json(refusal(3, "Server side error happened"))

    @staticmethod
    def _keys(rng: random.Random, options: Mapping[str, Any]) -> tuple[str, ...]:
        digits = "0123456789abcdef"
        return letters(rng, 32, digits), letters(rng, 64, digits)

    @staticmethod
    def too_often(retry_after: float) -> Reply:
        """Make the refusal of a REST request that is one too many."""
        return failed("TOO_MANY_REQUESTS")

    @staticmethod
    def amended(body: bytes, newer: Mapping[str, tuple[Decimal, Decimal]]) -> bytes:
        """Return a recorded reply of balances with newer ones in it."""
        items = exact.decode(body) or []
        amend(items, newer, "currency", listed)
        return exact_json(items)

    def _admitted(self, request: Request) -> Callable[[Transport], ExchangeSession]:
        """Let every upgrade pass: the subscription brings the key, later."""
        return lambda connection: GateSession(
            self._context, connection, self._account_of, request.address
        )

    def _reader(self, request: Request) -> GateAccount:
        account = self.accounts.get(request.headers.get("key", ""))
        if account is not None:
            self._context.signal.count("reads", account.seen)
        label = self._objection(request, account)
        if account is None or label:
            raise RequestRefused(failed(label))
        return account

    def _listing(self, account: GateAccount, request: Request) -> Reply:
        balances = self._balances(account)
        items = [
            {
                "currency": currency,
                **listed(available, locked),
                "update_id": len(account.history(currency)),
            }
            for currency, (available, locked) in balances.items()
        ]
        return Reply.json(200, items)

    def _objection(self, request: Request, account: GateAccount | None) -> str:
        """Return the label of what is wrong with a request; "": nothing."""
        time = request.headers.get("timestamp", "")
        # The official SDK sends a fraction, too.
        if not SECONDS.fullmatch(time):
            return "MISSING_REQUIRED_HEADER"
        # Before the key: so does the real one.
        if abs(float(time) - self._context.wall_ms(self.name) / 1000) > TOLERANCE:
            return "REQUEST_EXPIRED"
        if account is None or account.region != self.region:
            return "INVALID_KEY"
        if self._context.rate_limits and not account.reads.use():
            return "TOO_MANY_REQUESTS"
        right = sign(read_text(time), account.secret_key)
        if request.query or not same(right, request.headers.get("sign", "")):
            return "INVALID_SIGNATURE"
        if not account.credentials.allows_ip(request.address):
            return "IP_FORBIDDEN"
        return "" if account.credentials.may_view else "FORBIDDEN"


def listed(available: Decimal, locked: Decimal) -> dict[str, str]:
    """Make the amounts of a balance."""
    return {"available": plain(available), "locked": plain(locked)}
