"""``OKXVenue``: signatures and REST of the simulated OKX."""

from __future__ import annotations

import hmac
import random
import uuid
from datetime import datetime, timezone
from decimal import Decimal
from types import MappingProxyType
from typing import Callable, Mapping

import msgspec

from assetstream.runtime.loop import clock
from assetstream.simulator.account import ApiKey, letters
from assetstream.simulator.context import Context
from assetstream.simulator.ledger import Amount, plain
from assetstream.simulator.messages import (
    Reply,
    Request,
    RequestRefused,
    exact,
    exact_json,
)
from assetstream.simulator.okx.account import DEMO, OKXAccount, wallet
from assetstream.simulator.okx.refusals import error, refused
from assetstream.simulator.okx.session import OKXSession
from assetstream.simulator.okx.signatures import WINDOW_S, server_time, signature
from assetstream.simulator.session import ExchangeSession, Transport
from assetstream.simulator.venue import Venue

__all__ = ["OKXVenue"]

WS_PATH = "/ws/v5/private"
READ_PATH = "/api/v5/account/balance"
NOT_FOUND = Reply.json(404, {"code": 404, "data": {}, "msg": "Not Found"})
#: Milliseconds, in UTC: as OKX's own example, and nothing else.
TIME = "%Y-%m-%dT%H:%M:%S.%fZ"


class OKXVenue(Venue):
    """Checks HMAC signatures and serves ``GET /api/v5/account/balance``."""

    name = "okx"
    starting_balances: Mapping[str, str] = MappingProxyType(
        {"USDT": "10000", "BTC": "0.5", "ETH": "4"}
    )
    error = msgspec.json.encode(error("63999"))

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.accounts: dict[str, OKXAccount] = {}

    def open(
        self,
        number: int,
        rng: random.Random,
        balances: Mapping[str, Amount],
        permission: Callable[[str, str], ApiKey],
        *,
        region: str | None = None,
        push_zeros: bool = True,
        page: int = 20,
        connections: int = 30,
    ) -> OKXAccount:
        """Open an account.

        Args:
            number: of all the simulator's.
            rng: the dice for its keys.
            balances: what is available at the start, by currency.
            permission: makes the key's permissions.
            region: where the key is from, if not from the site that is played.
            push_zeros: push a currency of which nothing is left, as zero; False: leave
                it out, as OKX's documents can be read, too.
            page: the most currencies of a page of the snapshot.
            connections: how many may be subscribed at a time.
        """
        api_key = str(uuid.UUID(int=rng.getrandbits(128), version=4))
        secret_key = letters(rng, 32, "0123456789ABCDEF")
        account = OKXAccount(
            self._context,
            number,
            permission(api_key, secret_key),
            balances,
            passphrase=f"{letters(rng, 14)}!7a",
            region=region or self.region,
            push_zeros=push_zeros,
            page=page,
            connections=connections,
        )
        self.accounts[api_key] = account
        return account

    @staticmethod
    def too_often(retry_after: float) -> Reply:
        """Make the refusal of a REST request that is one too many."""
        return refused("50011")

    @staticmethod
    def amended(body: bytes, newer: Mapping[str, tuple[Decimal, Decimal]]) -> bytes:
        """Return a recorded reply of balances with newer ones in it."""
        content = exact.decode(body)
        details = content["data"][0]["details"]
        rest = dict(newer)
        for detail in details:
            amounts = rest.pop(str(detail.get("ccy")).upper(), None)
            if amounts is not None:
                detail["availBal"], detail["frozenBal"] = map(plain, amounts)
                detail["availEq"] = ""
        for currency, (available, locked) in rest.items():
            new = {"ccy": currency, "availBal": plain(available), "availEq": ""}
            details.append({**new, "frozenBal": plain(locked), "uTime": "0"})
        return exact_json(content)

    def admit(self, request: Request) -> Callable[[Transport], ExchangeSession]:
        """Let every upgrade pass: OKX asks for the key by message, later."""
        if request.path != WS_PATH:
            raise RequestRefused(NOT_FOUND)
        return lambda connection: OKXSession(
            self._context, connection, self.accounts, self.region, request.address
        )

    def rest(self, request: Request) -> Reply:
        """Answer with all balances but those of zero."""
        if (request.method, request.path) != ("GET", READ_PATH):
            return NOT_FOUND
        try:
            account = self._authenticated(request)
        except RequestRefused as refusal:
            return refusal.reply
        self._context.signal.count("reads", account.seen)
        if self._context.rate_limits and not account.reads.use():
            return refused("50011")
        reply = self._context.points.reply("read", account)
        if reply is not None:
            return reply
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
                raise RequestRefused(refused(code))
        time = given["timestamp"]
        if abs(server_time(self._context) - seconds(time)) > WINDOW_S:
            raise RequestRefused(refused("50102"))
        account = self.accounts.get(given["key"])
        # Another site does not know the key.
        if account is None or not account.is_of(self.region):
            raise RequestRefused(refused("50111"))
        if not hmac.compare_digest(account.passphrase, given["passphrase"]):
            raise RequestRefused(refused("50105"))
        query = f"?{request.query}" if request.query else ""
        right = signature(time, f"GET{READ_PATH}{query}", account.secret_key)
        if not hmac.compare_digest(right, given["sign"]):
            raise RequestRefused(refused("50113"))
        # One host has both: the header says which is meant.
        demo = request.headers.get("x-simulated-trading") == "1"
        if account.region != self.region or demo != account.region.endswith(DEMO):
            raise RequestRefused(refused("50101"))
        if not account.credentials.allows_ip(request.address):
            raise RequestRefused(refused("50110"))
        if not account.credentials.may_view:
            raise RequestRefused(refused("50120"))
        return account


def seconds(time: str) -> float:
    """Read a signed time.

    Raises:
        RequestRefused: it is not of OKX's form.
    """
    try:
        read = datetime.strptime(time, TIME).replace(tzinfo=timezone.utc)
    except ValueError:
        raise RequestRefused(refused("50112")) from None
    if len(time) != 24:
        raise RequestRefused(refused("50112"))
    return read.timestamp()
