"""``UpbitVenue``: credentials and REST of the simulated Upbit."""

from __future__ import annotations

from typing import Any, Callable

import msgspec
from jwt import InvalidTokenError, PyJWS
from jwt.algorithms import HMACAlgorithm

from assetstream.simulator.context import Context
from assetstream.simulator.ledger import plain
from assetstream.simulator.messages import Reply, Request, RequestRefused
from assetstream.simulator.session import ExchangeSession, Transport
from assetstream.simulator.upbit.account import WS_PATH, UpbitAccount
from assetstream.simulator.upbit.session import UpbitSession
from assetstream.simulator.venue import Venue

__all__ = ["REFUSALS", "UpbitVenue", "refused"]

#: HTTP status and text of every refusal. Some of them only faults use.
REFUSALS = {
    "no_authorization_token": (401, "Authorization token is missing."),
    "invalid_query_payload": (401, "The JWT payload is not valid."),
    "jwt_verification": (401, "Failed to verify the JWT."),
    "invalid_access_key": (401, "The access key is not valid."),
    "expired_access_key": (401, "The access key has expired."),
    "nonce_used": (401, "The nonce was used before."),
    "no_authorization_ip": (401, "This is not a verified IP."),
    # The spelling of older pages.
    "no_authorization_i_p": (401, "This is not a verified IP."),
    "out_of_scope": (403, "The key does not have this permission."),
    # Documented by name only; the status is a guess.
    "thirdparty_agreement_required": (403, "Agreement to data sharing is required."),
    "too_many_requests": (429, "Too many API requests."),
    "not_found": (404, "No such resource."),
}


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

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.accounts: dict[str, UpbitAccount] = {}
        self._jws = verifier()

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
        if account is None or account.region != self._context.region:
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


def refused(
    name: str, *, remaining: int | None = None, status: int | None = None
) -> RequestRefused:
    """Make the REST error of that name; upgrades are refused by the same.

    Args:
        name: one of ``REFUSALS``.
        remaining: requests left, for the header; None: no header.
        status: replaces the usual one.
    """
    usual, message = REFUSALS[name]
    headers = (
        {} if remaining is None else {"Remaining_Req": remaining_header(remaining)}
    )
    error = {"error": {"name": name, "message": message}}
    return RequestRefused(Reply.json(status or usual, error, **headers))


def remaining_header(left: int) -> str:
    """Write the ``Remaining-Req`` header; only ``sec`` means anything."""
    return f"group=default; min=1800; sec={left}"
