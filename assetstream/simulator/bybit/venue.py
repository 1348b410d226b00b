"""``BybitVenue``: signatures, time windows and REST of the simulated Bybit."""

from __future__ import annotations

import random
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Callable, Mapping

from assetstream.exchanges.bybit.exchange import sign
from assetstream.simulator.account import letters
from assetstream.simulator.bybit.account import BybitAccount
from assetstream.simulator.bybit.session import (
    REFUSALS,
    BybitSession,
    answer,
)
from assetstream.simulator.common.signatures import same
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

__all__ = ["BybitVenue", "failed"]

#: Milliseconds that a request may be ahead of Bybit's clock, and behind it if it does
#: not say.
AHEAD, BEHIND = 1000, 5000


class BybitVenue(Venue[BybitAccount]):
    """Checks signatures and times, and serves ``wallet-balance``."""

    name = "bybit"
    account_type = BybitAccount
    read = "GET", "/v5/account/wallet-balance"
    not_found = Reply(404)
    starting_balances: Mapping[str, str] = MappingProxyType(
        {"USDT": "10000", "BTC": "0.5", "ETH": "4"}
    )
    error = exact_json(answer("", 10016, coded=True))

    @staticmethod
    def _keys(rng: random.Random, options: Mapping[str, Any]) -> tuple[str, ...]:
        return letters(rng, 18), letters(rng, 36)

    @staticmethod
    def too_often(retry_after: float) -> Reply:
        """Make the refusal of a REST request that is one too many."""
        return failed(10006)

    @staticmethod
    def amended(body: bytes, newer: Mapping[str, tuple[Decimal, Decimal]]) -> bytes:
        """Return a recorded reply of balances with newer ones in it."""
        content: Any = exact.decode(body)
        accounts = content["result"]["list"] or [{"coin": []}]
        amend(accounts[0]["coin"], newer, "coin", spot)
        content["result"]["list"] = accounts
        return exact_json(content)

    def _admitted(self, request: Request) -> Callable[[Transport], ExchangeSession]:
        """Let every upgrade pass: Bybit asks for the key by message, later."""
        return lambda connection: BybitSession(
            self._context, connection, self._account_of, request.address
        )

    def _reader(self, request: Request) -> BybitAccount:
        account = self._account_of(request.headers.get("x-bapi-api-key", ""))
        if account is None:
            raise RequestRefused(failed(10003))
        code = self._objection(request, account)
        if code:
            raise RequestRefused(failed(code))
        return account

    def _listing(self, account: BybitAccount, request: Request) -> Reply:
        wallet = account.wallet(
            {
                code: (available, locked)
                for code, (available, locked) in self._balances(account).items()
                if available or locked or account.borrowed.get(code)
            }
        )
        content = {
            "retCode": 0,
            "retMsg": "OK",
            "result": {"list": [wallet]},
            "retExtInfo": {},
            "time": self._context.wall_ms(self.name),
        }
        return Reply.json(200, content)

    def _objection(self, request: Request, account: BybitAccount) -> int:
        """Return the code of what is wrong with a request; 0: nothing."""
        if not self._allows_read(account):
            return 10006
        given = request.headers.get
        time, window = given("x-bapi-timestamp", ""), given("x-bapi-recv-window", "")
        now = self._context.wall_ms(self.name)
        allowed = int(window) if window.isdecimal() else BEHIND
        if not (time.isdecimal() and now - allowed <= int(time) < now + AHEAD):
            return 10002
        signed = f"{time}{account.api_key}{window}{request.query}"
        if not same(sign(signed, account.secret_key), given("x-bapi-sign", "")):
            return 10004
        if not account.credentials.allows_ip(request.address):
            return 10010
        if not account.credentials.may_view:
            return 10005
        unified = ("accountType", "UNIFIED") in request.parameters
        return 0 if unified else 10001


def spot(available: Decimal, locked: Decimal) -> dict[str, str]:
    """Make the fields of a coin that neither margin nor debt takes from."""
    total = plain(available + locked)
    fields = {"walletBalance": total, "locked": plain(locked), "spotBorrow": "0"}
    return {**fields, "bonus": "0", "totalOrderIM": "0", "totalPositionIM": "0"}


def failed(code: int) -> Reply:
    """Make an error, which comes in HTTP 200, too."""
    content = {"retCode": code, "retMsg": REFUSALS[code], "result": {}}
    return Reply.json(200, {**content, "retExtInfo": {}, "time": 1_672_211_918_471})
