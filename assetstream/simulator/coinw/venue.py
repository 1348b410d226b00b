"""``CoinWVenue``: signatures and REST of the simulated CoinW."""

from __future__ import annotations

import hashlib
import hmac
import random
import uuid
from decimal import Decimal
from types import MappingProxyType
from typing import Callable, Iterable, Mapping

import msgspec

from assetstream.simulator.account import ApiKey, letters
from assetstream.simulator.coinw.account import CoinWAccount
from assetstream.simulator.coinw.session import CoinWSession, bare
from assetstream.simulator.context import Context
from assetstream.simulator.ledger import Amount, plain
from assetstream.simulator.messages import (
    Reply,
    Request,
    RequestRefused,
    exact,
    exact_json,
)
from assetstream.simulator.session import ExchangeSession, Transport
from assetstream.simulator.venue import Venue

__all__ = ["CoinWVenue", "failed", "signature"]

REST_PATH = "/api/v1/private"


def signature(parameters: Iterable[tuple[str, str]], secret_key: str) -> str:
    """Sign by MD5 over the raw, sorted parameters without ``sign`` and ``command``."""
    signed = sorted(p for p in parameters if p[0] not in ("sign", "command"))
    text = "&".join(f"{name}={value}" for name, value in signed)
    signed_text = f"{text}&secret_key={secret_key}".encode()
    digest = hashlib.md5(signed_text, usedforsecurity=False)
    return digest.hexdigest().upper()


class CoinWVenue(Venue):
    """Checks MD5 signatures and serves ``returnCompleteBalances``."""

    name = "coinw"
    starting_balances: Mapping[str, str] = MappingProxyType(
        {"USDT": "10000", "BTC": "0.5", "ETH": "4"}
    )
    error = msgspec.json.encode(bare(500, "exception"))

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.accounts: dict[str, CoinWAccount] = {}

    def open(
        self,
        number: int,
        rng: random.Random,
        balances: Mapping[str, Amount],
        permission: Callable[[str, str], ApiKey],
        *,
        push_deposits: bool = True,
        silent_unsub: bool = False,
    ) -> CoinWAccount:
        """Open an account; see ``Simulator.coinw``."""
        api_key = str(uuid.UUID(int=rng.getrandbits(128), version=4))
        account = CoinWAccount(
            self._context,
            number,
            permission(api_key, letters(rng, 48)),
            balances,
            push_deposits=push_deposits,
            silent_unsub=silent_unsub,
        )
        self.accounts[api_key] = account
        return account

    @staticmethod
    def too_often(retry_after: float) -> Reply:
        """Make the refusal of a REST request that is one too many."""
        return failed(29001, "API access frequently")

    @staticmethod
    def amended(body: bytes, newer: Mapping[str, tuple[Decimal, Decimal]]) -> bytes:
        """Return a recorded reply of balances with newer ones in it."""
        content = exact.decode(body)
        data = content.get("data") or {}
        spelt = {code.upper(): code for code in data}
        for currency, (available, locked) in newer.items():
            amounts = {"onOrders": plain(locked), "available": plain(available)}
            data[spelt.get(currency, currency)] = amounts
        content["data"] = data
        return exact_json(content)

    def owns(self, path: str) -> bool:
        """Claim the root, for the WebSocket, and everything below ``/api/``."""
        return path in ("", "/") or path.startswith("/api/")

    def admit(self, request: Request) -> Callable[[Transport], ExchangeSession]:
        """Let every upgrade pass: CoinW asks for the key by message, later."""
        if request.path not in ("", "/"):
            raise RequestRefused(Reply.json(404, {"code": 404, "msg": "Not Found"}))
        return lambda connection: CoinWSession(
            self._context, connection, self.accounts, request.address
        )

    def rest(self, request: Request) -> Reply:
        """Answer with all balances; errors come in HTTP 200, too."""
        if (request.method, request.path) != ("POST", REST_PATH):
            return Reply.json(404, {"code": 404, "msg": "Not Found"})
        parameters = request.parameters
        given = dict(parameters)
        account = self.accounts.get(given.get("api_key", ""))
        if account is None:
            return failed(6000, "authentication error")
        self._context.signal.count("reads", account.seen)
        if self._context.rate_limits and not account.reads.use():
            return failed(29001, "API access frequently")
        right = signature(parameters, account.secret_key)
        if not hmac.compare_digest(right.encode(), given.get("sign", "").encode()):
            return failed(6001, "invalid signature")
        if not account.credentials.allows_ip(request.address):
            return failed(6000, "authentication error")
        if not account.credentials.may_view:
            return failed(6003, "require more permission")
        if given.get("command") != "returnCompleteBalances":
            return failed(-3, "invalid parameter")
        reply = self._context.points.reply("read", account)
        if reply is not None:
            return reply
        balances = self._balances(account)
        data = {
            currency: {"onOrders": plain(locked), "available": plain(available)}
            for currency, (available, locked) in balances.items()
        }
        return Reply.json(
            200,
            {
                "code": "200",
                "data": data,
                "msg": "SUCCESS",
                "success": True,
                "failed": False,
            },
        )


def failed(code: int, text: str) -> Reply:
    """Make an error: its code is a number, while success has the string "200"."""
    content = {
        "code": code,
        "data": None,
        "msg": text,
        "success": False,
        "failed": True,
    }
    return Reply.json(200, content)
