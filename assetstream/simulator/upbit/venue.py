"""``UpbitVenue``: credentials and REST of the simulated Upbit."""

from __future__ import annotations

import random
from types import MappingProxyType
from typing import Callable, Mapping, cast

from assetstream.exchanges.upbit.exchange import Region
from assetstream.simulator.account import ApiKey, letters
from assetstream.simulator.common.my_asset import (
    INTERNAL_ERROR,
    amended,
    rest_entries,
)
from assetstream.simulator.common.tokens import bearer, claims_of, proves
from assetstream.simulator.context import Context
from assetstream.simulator.ledger import Amount
from assetstream.simulator.messages import (
    Reply,
    Request,
    RequestRefused,
)
from assetstream.simulator.session import ExchangeSession, Transport
from assetstream.simulator.upbit.account import WS_PATH, UpbitAccount
from assetstream.simulator.upbit.refusals import refused, remaining_header
from assetstream.simulator.upbit.session import UpbitSession
from assetstream.simulator.venue import Venue

__all__ = ["UpbitVenue"]


class UpbitVenue(Venue):
    """Checks JWTs and serves ``GET /v1/accounts``."""

    name = "upbit"
    starting_balances: Mapping[str, str] = MappingProxyType(
        {"SGD": "10000", "BTC": "0.5", "XRP": "2500"}
    )
    binary = True
    error = INTERNAL_ERROR
    amended = staticmethod(amended)

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.accounts: dict[str, UpbitAccount] = {}

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
        items = rest_entries(balances, quote)
        return Reply.json(
            200, items, Remaining_Req=remaining_header(account.reads.left)
        )

    def _authenticated(self, request: Request) -> UpbitAccount:
        """Return the account whose token the request carries, if all of it is right."""
        token = bearer(request.headers.get("authorization", ""))
        if not token:
            raise refused("no_authorization_token")
        try:
            claims = claims_of(token)
        except ValueError:
            raise refused("jwt_verification") from None
        if not isinstance(claims, dict):
            raise refused("invalid_query_payload")
        access_key, nonce = claims.get("access_key"), claims.get("nonce")
        if not isinstance(access_key, str) or not isinstance(nonce, str) or not nonce:
            raise refused("invalid_query_payload")
        account = self.accounts.get(access_key)
        # Another region's host does not know the key.
        if account is None or account.region != self.region:
            raise refused("invalid_access_key")
        if not proves(token, account.secret_key, "HS256", "HS512"):
            raise refused("jwt_verification")
        if not account.credentials.allows_ip(request.address):
            raise refused("no_authorization_ip")
        if nonce in account.nonces:
            raise refused("nonce_used")
        account.nonces.add(nonce)
        if not account.credentials.may_view:
            raise refused("out_of_scope")
        return account
