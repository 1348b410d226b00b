"""``BithumbVenue``: credentials and REST of the simulated Bithumb."""

from __future__ import annotations

import random
from collections import defaultdict
from types import MappingProxyType
from typing import Any, Callable, Mapping

from assetstream.simulator.account import letters
from assetstream.simulator.bithumb.account import BithumbAccount
from assetstream.simulator.bithumb.refusals import refused
from assetstream.simulator.bithumb.session import BithumbSession
from assetstream.simulator.common.my_asset import (
    INTERNAL_ERROR,
    amended,
    rest_entries,
)
from assetstream.simulator.common.tokens import bearer, claims_of, proves
from assetstream.simulator.context import Context
from assetstream.simulator.limits import Limit
from assetstream.simulator.messages import Reply, Request
from assetstream.simulator.session import ExchangeSession, Transport
from assetstream.simulator.venue import Venue

__all__ = ["BithumbVenue"]

#: The time of a token may differ so much from the exchange's; seconds. A guess: the
#: documents say only that tokens expire.
WINDOW = 10.0


class BithumbVenue(Venue[BithumbAccount]):
    """Checks JWTs and their times, and serves ``GET /v1/accounts``."""

    name = "bithumb"
    account_type = BithumbAccount
    read = "GET", "/v1/accounts"
    not_found = refused("not_found").reply
    starting_balances: Mapping[str, str] = MappingProxyType(
        {"KRW": "10000000", "BTC": "0.5", "XRP": "2500"}
    )
    binary = True
    error = INTERNAL_ERROR
    amended = staticmethod(amended)

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        # Both are counted by address.
        self._connects: dict[str, Limit] = defaultdict(lambda: Limit(10, 1.0))
        self._reads: dict[str, Limit] = defaultdict(lambda: Limit(140, 1.0))

    @staticmethod
    def _keys(rng: random.Random, options: Mapping[str, Any]) -> tuple[str, ...]:
        return letters(rng, 46), letters(rng, 88)

    @staticmethod
    def too_often(retry_after: float) -> Reply:
        """Make the refusal of a REST request that is one too many."""
        return refused("too_many_requests", retry_after).reply

    def _admitted(self, request: Request) -> Callable[[Transport], ExchangeSession]:
        """Let an upgrade pass if its token is right."""
        if self._context.rate_limits and not self._connects[request.address].use():
            raise refused("too_many_requests")
        account = self._authenticated(request)
        if not self._context.points.allow("login", account):
            raise refused("jwt_verification")
        return lambda connection: BithumbSession(self._context, connection, account)

    def _reader(self, request: Request) -> BithumbAccount:
        if self._context.rate_limits and not self._reads[request.address].use():
            raise refused("too_many_requests")
        account = self._authenticated(request)
        self._context.signal.count("reads", account.seen)
        return account

    def _listing(self, account: BithumbAccount, request: Request) -> Reply:
        return Reply.json(200, rest_entries(self._balances(account), "KRW"))

    def _authenticated(self, request: Request) -> BithumbAccount:
        """Return the account whose token the request carries, if all of it is right."""
        token = bearer(request.headers.get("authorization", ""))
        try:
            claims = claims_of(token)
        except ValueError:
            raise refused("jwt_verification") from None
        if not isinstance(claims, dict):
            raise refused("jwt_verification")
        account = self.accounts.get(str(claims.get("access_key")))
        # No name of an error tells that a key is not known.
        if account is None or not proves(token, account.secret_key, "HS256"):
            raise refused("jwt_verification")
        self._check_claims(claims, account)
        if not account.credentials.allows_ip(request.address):
            raise refused("NotAllowIP")
        if not account.credentials.may_view:
            raise refused("out_of_scope")
        return account

    def _check_claims(self, claims: dict[str, Any], account: BithumbAccount) -> None:
        """Refuse a token that is not of now, or not of this request alone."""
        nonce, timestamp = claims.get("nonce"), claims.get("timestamp")
        if type(timestamp) is not int or not isinstance(nonce, str) or not nonce:
            raise refused("jwt_verification")
        if abs(self._context.wall(self.name) - timestamp / 1000) > WINDOW:
            raise refused("expired_jwt")
        if nonce in account.nonces:
            raise refused("jwt_verification")
        account.nonces.add(nonce)
        # A request without parameters has no hash of them.
        if "query_hash" in claims:
            raise refused("invalid_query_payload")
