"""``UpbitVenue``: credentials and REST of the simulated Upbit."""

from __future__ import annotations

import random
from types import MappingProxyType
from typing import Any, Callable, Mapping

from assetstream.simulator.account import letters
from assetstream.simulator.common.my_asset import (
    INTERNAL_ERROR,
    amended,
    rest_entries,
)
from assetstream.simulator.common.tokens import bearer, claims_of, proves
from assetstream.simulator.messages import Reply, Request
from assetstream.simulator.session import ExchangeSession, Transport
from assetstream.simulator.upbit.account import UpbitAccount
from assetstream.simulator.upbit.refusals import refused, remaining_header
from assetstream.simulator.upbit.session import UpbitSession
from assetstream.simulator.venue import Venue

__all__ = ["UpbitVenue"]


class UpbitVenue(Venue[UpbitAccount]):
    """Checks JWTs and serves ``GET /v1/accounts``."""

    name = "upbit"
    account_type = UpbitAccount
    read = "GET", "/v1/accounts"
    not_found = refused("not_found").reply
    starting_balances: Mapping[str, str] = MappingProxyType(
        {"SGD": "10000", "BTC": "0.5", "XRP": "2500"}
    )
    binary = True
    error = INTERNAL_ERROR
    amended = staticmethod(amended)

    @staticmethod
    def _keys(rng: random.Random, options: Mapping[str, Any]) -> tuple[str, ...]:
        return letters(rng, 40), letters(rng, 40)

    @staticmethod
    def too_often(retry_after: float) -> Reply:
        """Make the refusal of a REST request that is one too many."""
        reply = refused("too_many_requests", remaining=0).reply
        headers = {**reply.headers, "Retry-After": f"{retry_after:g}"}
        return Reply(reply.status, reply.body, headers)

    def owns(self, path: str) -> bool:
        """Claim the WebSocket, and everything below ``/v1/``."""
        return path.startswith(("/websocket/", "/v1/"))

    def _admitted(self, request: Request) -> Callable[[Transport], ExchangeSession]:
        """Let an upgrade pass if its token is right."""
        account = self._authenticated(request)
        if not self._context.points.allow("login", account):
            raise refused("invalid_access_key")
        browser = "origin" in request.headers
        limit = account.connects_by_browser if browser else account.connects
        if self._context.rate_limits and not limit.use():
            raise refused("too_many_requests")
        return lambda connection: UpbitSession(self._context, connection, account)

    def _reader(self, request: Request) -> UpbitAccount:
        account = self._authenticated(request)
        if not self._allows_read(account):
            raise refused("too_many_requests", remaining=0)
        return account

    def _listing(self, account: UpbitAccount, request: Request) -> Reply:
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
        account = self._account_of(access_key)
        if account is None:
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
