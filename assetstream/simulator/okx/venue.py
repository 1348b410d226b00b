"""``OKXVenue``: signatures and REST of the simulated OKX."""

from __future__ import annotations

import random
import uuid
from datetime import datetime, timezone
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Callable, Mapping

import msgspec

from assetstream.runtime.loop import clock
from assetstream.simulator.account import letters
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
from assetstream.simulator.okx.account import DEMO, OKXAccount, wallet
from assetstream.simulator.okx.refusals import error, failed
from assetstream.simulator.okx.session import OKXSession
from assetstream.simulator.okx.signatures import WINDOW_S, signature
from assetstream.simulator.session import ExchangeSession, Transport
from assetstream.simulator.venue import Venue

__all__ = ["OKXVenue"]

READ_PATH = "/api/v5/account/balance"
#: Milliseconds, in UTC: as OKX's own example, and nothing else.
TIME = "%Y-%m-%dT%H:%M:%S.%fZ"


class OKXVenue(Venue[OKXAccount]):
    """Checks HMAC signatures and serves ``GET /api/v5/account/balance``."""

    name = "okx"
    account_type = OKXAccount
    read = "GET", READ_PATH
    not_found = Reply.json(404, {"code": 404, "data": {}, "msg": "Not Found"})
    starting_balances: Mapping[str, str] = MappingProxyType(
        {"USDT": "10000", "BTC": "0.5", "ETH": "4"}
    )
    error = msgspec.json.encode(error("63999"))

    @staticmethod
    def _keys(rng: random.Random, options: Mapping[str, Any]) -> tuple[str, ...]:
        key = uuid.UUID(int=rng.getrandbits(128), version=4)
        secret = letters(rng, 32, "0123456789ABCDEF")
        return str(key), secret, f"{letters(rng, 14)}!7a"

    @staticmethod
    def too_often(retry_after: float) -> Reply:
        """Make the refusal of a REST request that is one too many."""
        return failed("50011")

    @staticmethod
    def amended(body: bytes, newer: Mapping[str, tuple[Decimal, Decimal]]) -> bytes:
        """Return a recorded reply of balances with newer ones in it."""
        content = exact.decode(body)
        amend(content["data"][0]["details"], newer, "ccy", spot)
        return exact_json(content)

    def _admitted(self, request: Request) -> Callable[[Transport], ExchangeSession]:
        """Let every upgrade pass: OKX asks for the key by message, later."""
        return lambda connection: OKXSession(
            self._context,
            connection,
            self._account_of,
            request.address,
            self.region,
        )

    def _account_of(self, key: str) -> OKXAccount | None:
        # One host has a site's demo trading, too; another site does not know the key.
        account = self.accounts.get(key)
        return account if account and account.is_of(self.region) else None

    def _reader(self, request: Request) -> OKXAccount:
        account = self._authenticated(request)
        if not self._allows_read(account):
            raise RequestRefused(failed("50011"))
        return account

    def _listing(self, account: OKXAccount, request: Request) -> Reply:
        held = {
            code: pair for code, pair in self._balances(account).items() if any(pair)
        }
        now = int(clock.wall() * 1000)
        return Reply.json(
            200, {"code": "0", "data": [wallet(held, now, now)], "msg": ""}
        )

    def _authenticated(self, request: Request) -> OKXAccount:
        """Return the account that asks, if every header is right.

        Raises:
            RequestRefused: one is not.
        """
        given = {}
        for name, code in (
            ("key", "50103"),
            ("passphrase", "50104"),
            ("sign", "50106"),
            ("timestamp", "50107"),
        ):
            given[name] = request.headers.get(f"ok-access-{name}", "")
            if not given[name]:
                raise RequestRefused(failed(code))
        time = given["timestamp"]
        if abs(self._context.wall(self.name) - seconds(time)) > WINDOW_S:
            raise RequestRefused(failed("50102"))
        account = self._account_of(given["key"])
        if account is None:
            raise RequestRefused(failed("50111"))
        if not same(account.passphrase, given["passphrase"]):
            raise RequestRefused(failed("50105"))
        query = f"?{request.query}" if request.query else ""
        right = signature(time, f"GET{READ_PATH}{query}", account.secret_key)
        if not same(right, given["sign"]):
            raise RequestRefused(failed("50113"))
        # One host has both: the header says which is meant.
        demo = request.headers.get("x-simulated-trading") == "1"
        if account.region != self.region or demo != account.region.endswith(DEMO):
            raise RequestRefused(failed("50101"))
        if not account.credentials.allows_ip(request.address):
            raise RequestRefused(failed("50110"))
        if not account.credentials.may_view:
            raise RequestRefused(failed("50120"))
        return account


def spot(available: Decimal, locked: Decimal) -> dict[str, str]:
    """Make the fields of a currency that have its amounts, in spot mode."""
    amounts = {"availBal": plain(available), "frozenBal": plain(locked)}
    return {**amounts, "availEq": ""}


def seconds(time: str) -> float:
    """Read a signed time.

    Raises:
        RequestRefused: it is not of OKX's form.
    """
    try:
        read = datetime.strptime(time, TIME).replace(tzinfo=timezone.utc)
    except ValueError:
        raise RequestRefused(failed("50112")) from None
    if len(time) != 24:
        raise RequestRefused(failed("50112"))
    return read.timestamp()
