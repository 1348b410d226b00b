"""``KorbitVenue``: signatures and REST of the simulated Korbit."""

from __future__ import annotations

import random
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Callable, Mapping

from assetstream.exchanges.korbit.exchange import READ_PATH, sign
from assetstream.simulator.account import letters
from assetstream.simulator.common.signatures import same
from assetstream.simulator.korbit.account import KorbitAccount
from assetstream.simulator.korbit.refusals import failed, refused
from assetstream.simulator.korbit.session import KorbitSession
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

__all__ = ["KorbitVenue"]

#: Milliseconds that a request may be ahead of Korbit's clock, and behind it if it does
#: not say, and at most.
AHEAD, BEHIND, MOST = 1000, 5000, 60_000


class KorbitVenue(Venue[KorbitAccount]):
    """Checks signatures and their times, and serves ``GET /v2/balance``."""

    name = "korbit"
    account_type = KorbitAccount
    read = "GET", READ_PATH
    not_found = failed("NOT_FOUND")
    starting_balances: Mapping[str, str] = MappingProxyType(
        {"KRW": "10000000", "BTC": "0.5", "XRP": "2500"}
    )
    error = b'{"status":"error","message":"internal error"}'

    @staticmethod
    def _keys(rng: random.Random, options: Mapping[str, Any]) -> tuple[str, ...]:
        return letters(rng, 64), letters(rng, 64)

    @staticmethod
    def too_often(retry_after: float) -> Reply:
        """Make the refusal of a REST request that is one too many."""
        return failed("TOO_MANY_REQUESTS", Retry_After=f"{retry_after:g}")

    @staticmethod
    def amended(body: bytes, newer: Mapping[str, tuple[Decimal, Decimal]]) -> bytes:
        """Return a recorded reply of balances with newer ones in it."""
        content: Any = exact.decode(body)
        amend(content["data"], newer, "currency", listed)
        return exact_json(content)

    def _admitted(self, request: Request) -> Callable[[Transport], ExchangeSession]:
        """Let an upgrade pass if its query is signed."""
        account = self._authenticated(request)
        if not self._context.points.allow("login", account):
            raise refused("KEY_NOT_FOUND")
        return lambda connection: KorbitSession(self._context, connection, account)

    def _reader(self, request: Request) -> KorbitAccount:
        account = self._authenticated(request)
        if not self._allows_read(account):
            raise RequestRefused(self.too_often(1.0))
        return account

    def _listing(self, account: KorbitAccount, request: Request) -> Reply:
        held = [
            account.asset(code, available, locked)
            for code, (available, locked) in self._balances(account).items()
            if available or locked
        ]
        return Reply.json(200, {"success": True, "data": held})

    def _authenticated(self, request: Request) -> KorbitAccount:
        """Return the account whose key has signed the query, if all of it is right."""
        # Signed as it was sent, and the signature comes last.
        signed, _, signature = request.query.rpartition("&signature=")
        parameters = dict(request.parameters)
        time = parameters.get("timestamp", "")
        window = parameters.get("recvWindow", str(BEHIND))
        if not (time.isdecimal() and window.isdecimal() and int(window) <= MOST):
            raise refused("BAD_REQUEST")
        account = self.accounts.get(request.headers.get("x-kapi-key", ""))
        if account is None:
            raise refused("KEY_NOT_FOUND")
        now = self._context.wall_ms(self.name)
        if not now - int(window) <= int(time) < now + AHEAD:
            raise refused("EXCEED_TIME_WINDOW")
        if not same(sign(signed, account.secret_key), signature):
            raise refused("INVALID_SIGNATURE")
        if not account.credentials.allows_ip(request.address):
            raise refused("IP_NOT_ALLOWED")
        if not account.credentials.may_view:
            raise refused("PERMISSION_DENIED")
        return account


def listed(available: Decimal, locked: Decimal) -> dict[str, str]:
    """Make the amounts of a recorded balance; what is locked is held by orders."""
    return {
        "balance": plain(available + locked),
        "available": plain(available),
        "tradeInUse": plain(locked),
        "withdrawalInUse": "0",
    }
