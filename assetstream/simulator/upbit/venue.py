"""``UpbitVenue``: credentials and REST of the simulated Upbit."""

from __future__ import annotations

import random
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Callable, Mapping, cast

import msgspec
from jwt import InvalidTokenError, PyJWS
from jwt.algorithms import HMACAlgorithm

from assetstream.exchanges.upbit.exchange import Region
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
from assetstream.simulator.session import ExchangeSession, Transport
from assetstream.simulator.upbit.account import WS_PATH, UpbitAccount
from assetstream.simulator.upbit.refusals import refused, remaining_header
from assetstream.simulator.upbit.session import UpbitSession
from assetstream.simulator.venue import Venue

__all__ = ["UpbitVenue"]


class ShortKeyHMAC(HMACAlgorithm):
    """Takes Upbit's 40-character secrets without the warning that HS512 wants 64."""

    def check_key_length(self, key: Any) -> str | None:
        """Accept any length: the exchange chooses how long its keys are."""
        return None


def verifier() -> PyJWS:
    """Make a reader of tokens signed by HS256 or HS512, and no others."""
    jws = PyJWS(algorithms=[])
    jws.register_algorithm("HS256", ShortKeyHMAC(HMACAlgorithm.SHA256))
    jws.register_algorithm("HS512", ShortKeyHMAC(HMACAlgorithm.SHA512))
    return jws


class UpbitVenue(Venue):
    """Checks JWTs and serves ``GET /v1/accounts``."""

    name = "upbit"
    starting_balances: Mapping[str, str] = MappingProxyType(
        {"SGD": "10000", "BTC": "0.5", "XRP": "2500"}
    )
    binary = True
    error = b'{"error":{"name":"INTERNAL_ERROR","message":"internal error"}}'

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.accounts: dict[str, UpbitAccount] = {}
        self._jws = verifier()

    def open(
        self,
        number: int,
        rng: random.Random,
        balances: Mapping[str, Amount],
        permission: Callable[[str, str], ApiKey],
        *,
        region: str | None = None,
        first_use_silence: bool = False,
        exponents: bool = False,
    ) -> UpbitAccount:
        """Open an account; see ``Simulator.upbit``."""
        access_key, secret_key = letters(rng, 40), letters(rng, 40)
        account = UpbitAccount(
            self._context,
            number,
            permission(access_key, secret_key),
            balances,
            region=cast(Region, region or self.region),
            first_use_silence=first_use_silence,
            exponents=exponents,
        )
        self.accounts[access_key] = account
        return account

    @staticmethod
    def too_often(retry_after: float) -> Reply:
        """Make the refusal of a REST request that is one too many."""
        reply = refused("too_many_requests", remaining=0).reply
        headers = {**reply.headers, "Retry-After": f"{retry_after:g}"}
        return Reply(reply.status, reply.body, headers)

    @staticmethod
    def amended(body: bytes, newer: Mapping[str, tuple[Decimal, Decimal]]) -> bytes:
        """Return a recorded reply of balances with newer ones in it."""
        items = exact.decode(body) or []
        rest = dict(newer)
        for item in items:
            if not isinstance(item, dict):
                continue
            amounts = rest.pop(str(item.get("currency")).upper(), None)
            if amounts is not None:
                item["balance"], item["locked"] = map(plain, amounts)
        for currency, (available, locked) in rest.items():
            new = {"currency": currency, "balance": plain(available)}
            items.append({**new, "locked": plain(locked), "avg_buy_price": "0"})
        return exact_json(items)

    def owns(self, path: str) -> bool:
        """Claim the WebSocket, and everything below ``/v1/``."""
        return path.startswith(("/websocket/", "/v1/"))

    def admit(self, request: Request) -> Callable[[Transport], ExchangeSession]:
        """Let an upgrade pass if its token is right."""
        if request.path != WS_PATH:
            raise refused("not_found")
        account = self._authenticated(request)
        if not self._context.points.allow("login", account):
            raise refused("invalid_access_key")
        if self._context.rate_limits and not account.connects.use():
            raise refused("too_many_requests")
        return lambda connection: UpbitSession(self._context, connection, account)

    def rest(self, request: Request) -> Reply:
        """Answer with all balances."""
        try:
            if (request.method, request.path) != ("GET", "/v1/accounts"):
                raise refused("not_found")
            account = self._authenticated(request)
            self._context.signal.count("reads", account.seen)
            if self._context.rate_limits and not account.reads.use():
                raise refused("too_many_requests", remaining=0)
        except RequestRefused as refusal:
            return refusal.reply
        reply = self._context.points.reply("read", account)
        if reply is not None:
            return reply
        balances = self._balances(account)
        quote = next(iter(balances), "SGD")
        items = [
            {
                "currency": currency,
                "balance": plain(available),
                "locked": plain(locked),
                "avg_buy_price": "0",
                "avg_buy_price_modified": False,
                "unit_currency": quote,
            }
            for currency, (available, locked) in balances.items()
            if available or locked
        ]
        return Reply.json(
            200, items, Remaining_Req=remaining_header(account.reads.left)
        )

    def _authenticated(self, request: Request) -> UpbitAccount:
        """Return the account whose token the request carries, if all of it is right."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise refused("no_authorization_token")
        claims = self._claims(token)
        access_key, nonce = claims.get("access_key"), claims.get("nonce")
        if not isinstance(access_key, str) or not isinstance(nonce, str) or not nonce:
            raise refused("invalid_query_payload")
        account = self.accounts.get(access_key)
        # Another region's host does not know the key.
        if account is None or account.region != self.region:
            raise refused("invalid_access_key")
        try:
            self._jws.decode(token, account.secret_key, algorithms=["HS256", "HS512"])
        except InvalidTokenError:
            # Without a cause, whose traceback would hold the token.
            raise refused("jwt_verification") from None
        if not account.credentials.allows_ip(request.address):
            raise refused("no_authorization_ip")
        if nonce in account.nonces:
            raise refused("nonce_used")
        account.nonces.add(nonce)
        if not account.credentials.may_view:
            raise refused("out_of_scope")
        return account

    def _claims(self, token: str) -> dict[str, Any]:
        """Return the token's claims, unproved: they name the key that proves them."""
        try:
            unproved = self._jws.decode(token, options={"verify_signature": False})
            claims = msgspec.json.decode(unproved)
        except (InvalidTokenError, msgspec.DecodeError, UnicodeDecodeError):
            raise refused("jwt_verification") from None
        if not isinstance(claims, dict):
            raise refused("invalid_query_payload")
        return claims
