"""``BithumbVenue``: credentials and REST of the simulated Bithumb."""

from __future__ import annotations

import random
from collections import defaultdict
from types import MappingProxyType
from typing import Any, Callable, Mapping

from assetstream.runtime.loop import clock
from assetstream.simulator.account import ApiKey, letters
from assetstream.simulator.bithumb.account import WS_PATH, BithumbAccount
from assetstream.simulator.bithumb.refusals import refused
from assetstream.simulator.bithumb.session import BithumbSession
from assetstream.simulator.common.my_asset import (
    INTERNAL_ERROR,
    amended,
    rest_entries,
)
from assetstream.simulator.common.tokens import bearer, claims_of, proves
from assetstream.simulator.context import Context
from assetstream.simulator.ledger import Amount
from assetstream.simulator.limits import Limit
from assetstream.simulator.messages import Reply, Request, RequestRefused
from assetstream.simulator.session import ExchangeSession, Transport
from assetstream.simulator.venue import Venue

__all__ = ["BithumbVenue"]

#: The time of a token may differ so much from the exchange's; seconds. A guess: the
#: documents say only that tokens expire.
WINDOW = 10.0


class BithumbVenue(Venue):
    """Checks JWTs and their times, and serves ``GET /v1/accounts``."""

    name = "bithumb"
    starting_balances: Mapping[str, str] = MappingProxyType(
        {"KRW": "10000000", "BTC": "0.5", "XRP": "2500"}
    )
    binary = True
    error = INTERNAL_ERROR
    amended = staticmethod(amended)

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.accounts: dict[str, BithumbAccount] = {}
        # Both are counted by address.
        self._connects: dict[str, Limit] = defaultdict(lambda: Limit(10, 1.0))
        self._reads: dict[str, Limit] = defaultdict(lambda: Limit(140, 1.0))

    def open(
        self,
        number: int,
        rng: random.Random,
        balances: Mapping[str, Amount],
        permission: Callable[[str, str], ApiKey],
        *,
        numbers: bool = False,
        text_frames: bool = False,
    ) -> BithumbAccount:
        """Open an account; see ``Simulator.open``.

        Args:
            number: 1 for the simulator's first account.
            rng: the dice for its keys.
            balances: what is available at the start, by currency.
            permission: makes an ``ApiKey`` of key and secret.
            numbers: push amounts as numbers, as the documents' table has them.
            text_frames: push by text frames; the real ones may be either.
        """
        account = BithumbAccount(
            self._context,
            number,
            permission(letters(rng, 46), letters(rng, 88)),
            balances,
            numbers=numbers,
            text_frames=text_frames,
        )
        self.accounts[account.credentials.key] = account
        return account

    @staticmethod
    def too_often(retry_after: float) -> Reply:
        """Make the refusal of a REST request that is one too many."""
        return refused("too_many_requests", retry_after).reply

    def admit(self, request: Request) -> Callable[[Transport], ExchangeSession]:
        """Let an upgrade pass if its token is right."""
        if request.path != WS_PATH:
            raise refused("not_found")
        if self._context.rate_limits and not self._connects[request.address].use():
            raise refused("too_many_requests")
        account = self._authenticated(request)
        if not self._context.points.allow("login", account):
            raise refused("jwt_verification")
        return lambda connection: BithumbSession(self._context, connection, account)

    def rest(self, request: Request) -> Reply:
        """Answer with all balances."""
        try:
            if (request.method, request.path) != ("GET", "/v1/accounts"):
                raise refused("not_found")
            if self._context.rate_limits and not self._reads[request.address].use():
                raise refused("too_many_requests")
            account = self._authenticated(request)
        except RequestRefused as refusal:
            return refusal.reply
        self._context.signal.count("reads", account.seen)
        reply = self._context.points.reply("read", account)
        if reply is not None:
            return reply
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
        now = clock.wall() + self._context.points.seconds("ahead", self.name)
        if abs(now - timestamp / 1000) > WINDOW:
            raise refused("expired_jwt")
        if nonce in account.nonces:
            raise refused("jwt_verification")
        account.nonces.add(nonce)
        # A request without parameters has no hash of them.
        if "query_hash" in claims:
            raise refused("invalid_query_payload")
