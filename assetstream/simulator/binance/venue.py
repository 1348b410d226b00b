"""``BinanceVenue``: connects and REST of the simulated Binance."""

from __future__ import annotations

import base64
import random
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Callable, Mapping

from assetstream.simulator.account import letters
from assetstream.simulator.binance.account import BinanceAccount
from assetstream.simulator.binance.session import (
    REFUSALS,
    BinanceSession,
    objection,
)
from assetstream.simulator.context import Context
from assetstream.simulator.ledger import plain
from assetstream.simulator.limits import Limit
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

__all__ = ["BinanceVenue", "failed"]

#: What an Ed25519 key has before the 32 bytes of the key itself (RFC 8410).
ED25519 = bytes.fromhex("302e020100300506032b657004220420")


class BinanceVenue(Venue[BinanceAccount]):
    """Counts connects, and serves ``GET /api/v3/account``."""

    #: Connects that are allowed in 5 minutes.
    CONNECTS = 300

    name = "binance"
    account_type = BinanceAccount
    read = "GET", "/api/v3/account"
    not_found = Reply(404)
    starting_balances: Mapping[str, str] = MappingProxyType(
        {"USDT": "10000", "BTC": "0.5", "ETH": "4"}
    )
    error = exact_json(
        {"id": None, "status": 500, "error": {"code": -1001, "msg": REFUSALS[-1001][1]}}
    )

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._connects = Limit(self.CONNECTS, 300.0)

    @staticmethod
    def _keys(rng: random.Random, options: Mapping[str, Any]) -> tuple[str, ...]:
        api_key, secret_key = letters(rng, 64), letters(rng, 64)
        if options.get("ed25519"):
            secret_key = base64.b64encode(ED25519 + rng.randbytes(32)).decode()
        return api_key, secret_key

    @staticmethod
    def too_often(retry_after: float) -> Reply:
        """Make the refusal of a REST request that is one too many."""
        return failed(-1003, Retry_After=f"{retry_after:g}")

    @staticmethod
    def amended(body: bytes, newer: Mapping[str, tuple[Decimal, Decimal]]) -> bytes:
        """Return a recorded reply of balances with newer ones in it."""
        content: Any = exact.decode(body)
        amend(content["balances"], newer, "asset", listed)
        return exact_json(content)

    def _admitted(self, request: Request) -> Callable[[Transport], ExchangeSession]:
        """Let an upgrade pass: Binance asks for the key by message, later."""
        if self._context.rate_limits and not self._connects.use():
            raise RequestRefused(failed(-1003, Retry_After="300"))
        return lambda connection: BinanceSession(
            self._context, connection, self._account_of, request.address
        )

    def _reader(self, request: Request) -> BinanceAccount:
        key = request.headers.get("x-mbx-apikey", "")
        account = self._account_of(key)
        if account is not None and not self._allows_read(account):
            raise RequestRefused(self.too_often(60.0))
        # Signed as it was sent, percent-encoded.
        signed = request.query.rpartition("&signature=")[0]
        params = dict(request.parameters)
        code = objection(account, key, params, signed, request.address, self._context)
        if account is None or code:
            raise RequestRefused(failed(code))
        return account

    def _listing(self, account: BinanceAccount, request: Request) -> Reply:
        omit = ("omitZeroBalances", "true") in request.parameters
        content = {
            "makerCommission": 15,
            "canTrade": True,
            "updateTime": self._context.wall_ms(self.name),
            "accountType": "SPOT",
            "balances": [
                {"asset": code, **listed(available, locked)}
                for code, (available, locked) in self._balances(account).items()
                if available or locked or not omit
            ],
            "permissions": ["SPOT"],
            "uid": 354937868,
        }
        return Reply.json(200, content)


def listed(available: Decimal, locked: Decimal) -> dict[str, str]:
    """Make the amounts of a balance."""
    return {"free": plain(available), "locked": plain(locked)}


def failed(code: int, **headers: str) -> Reply:
    """Make an error."""
    status, words = REFUSALS[code]
    return Reply.json(status, {"code": code, "msg": words}, **headers)
