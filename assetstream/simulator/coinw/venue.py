"""``CoinWVenue``: signatures and REST of the simulated CoinW."""

from __future__ import annotations

import hashlib
import random
import uuid
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Callable, Iterable, Mapping

import msgspec

from assetstream.simulator.account import letters
from assetstream.simulator.coinw.account import CoinWAccount
from assetstream.simulator.coinw.session import CoinWSession, bare
from assetstream.simulator.common.signatures import same
from assetstream.simulator.ledger import plain
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


def signature(parameters: Iterable[tuple[str, str]], secret_key: str) -> str:
    """Sign by MD5 over the raw, sorted parameters without ``sign`` and ``command``."""
    signed = sorted(p for p in parameters if p[0] not in ("sign", "command"))
    text = "&".join(f"{name}={value}" for name, value in signed)
    signed_text = f"{text}&secret_key={secret_key}".encode()
    digest = hashlib.md5(signed_text, usedforsecurity=False)
    return digest.hexdigest().upper()


class CoinWVenue(Venue[CoinWAccount]):
    """Checks MD5 signatures and serves ``returnCompleteBalances``."""

    name = "coinw"
    account_type = CoinWAccount
    read = "POST", "/api/v1/private"
    not_found = Reply.json(404, {"code": 404, "msg": "Not Found"})
    starting_balances: Mapping[str, str] = MappingProxyType(
        {"USDT": "10000", "BTC": "0.5", "ETH": "4"}
    )
    error = msgspec.json.encode(bare(500, "exception"))

    @staticmethod
    def _keys(rng: random.Random, options: Mapping[str, Any]) -> tuple[str, ...]:
        key = uuid.UUID(int=rng.getrandbits(128), version=4)
        return str(key), letters(rng, 48)

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
        return self._is_socket(path) or path.startswith("/api/")

    def _is_socket(self, path: str) -> bool:
        return path in ("", "/")

    def _admitted(self, request: Request) -> Callable[[Transport], ExchangeSession]:
        """Let every upgrade pass: CoinW asks for the key by message, later."""
        return lambda connection: CoinWSession(
            self._context, connection, self._account_of, request.address
        )

    def _reader(self, request: Request) -> CoinWAccount:
        parameters = request.parameters
        given = dict(parameters)
        account = self.accounts.get(given.get("api_key", ""))
        if account is None:
            raise refused(6000, "authentication error")
        if not self._allows_read(account):
            raise refused(29001, "API access frequently")
        right = signature(parameters, account.secret_key)
        if not same(right, given.get("sign", "")):
            raise refused(6001, "invalid signature")
        if not account.credentials.allows_ip(request.address):
            raise refused(6000, "authentication error")
        if not account.credentials.may_view:
            raise refused(6003, "require more permission")
        if given.get("command") != "returnCompleteBalances":
            raise refused(-3, "invalid parameter")
        return account

    def _listing(self, account: CoinWAccount, request: Request) -> Reply:
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


def refused(code: int, text: str) -> RequestRefused:
    """Make the refusal of a request."""
    return RequestRefused(failed(code, text))


def failed(code: int, text: str) -> Reply:
    """Make an error, in HTTP 200; its code is a number, success has the text "200"."""
    content = {
        "code": code,
        "data": None,
        "msg": text,
        "success": False,
        "failed": True,
    }
    return Reply.json(200, content)
