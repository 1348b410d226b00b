"""Upbit: accounts, credentials and REST. Its WebSocket is in ``upbit_session``."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, Callable, Mapping, Sequence

import msgspec
from jwt import InvalidTokenError, PyJWS
from jwt.algorithms import HMACAlgorithm

from assetstream.simulator.account import Account, Terms, plain
from assetstream.simulator.ledger import Amount, Change, Entry
from assetstream.simulator.limits import Limit
from assetstream.simulator.messages import Kind, Message, Refused, Reply, Request
from assetstream.simulator.site import Session, Site, Venue
from assetstream.simulator.upbit.session import UpbitSession

if TYPE_CHECKING:
    from assetstream.exchanges.upbit.exchange import Region
    from assetstream.protocol import Exchange
    from assetstream.simulator.connection import Connection

__all__ = ["UpbitAccount", "UpbitVenue"]

WS_PATH = "/websocket/v1/private"
#: HTTP status and words of every refusal. Some are met in faults only.
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
    # Known by name only; the status is a guess.
    "thirdparty_agreement_required": (403, "Agreement to data sharing is required."),
    "too_many_requests": (429, "Too many API requests."),
    "not_found": (404, "No such resource."),
}


class ShortKeyHMAC(HMACAlgorithm):
    """Takes Upbit's 40-character secrets without the warning that HS512 wants 64."""

    def check_key_length(self, key: Any) -> str | None:
        """Say nothing: the exchange chooses how long its keys are."""
        return None


def verifier() -> PyJWS:
    """Reads tokens signed by HS256 or HS512, and no others."""
    jws = PyJWS(algorithms=[])
    jws.register_algorithm("HS256", ShortKeyHMAC(HMACAlgorithm.SHA256))
    jws.register_algorithm("HS512", ShortKeyHMAC(HMACAlgorithm.SHA512))
    return jws


class UpbitAccount(Account):
    """An account on the simulated Upbit; see ``Account`` for what it can do.

    Its key is ``access_key`` and ``secret_key``. It is made by ``Simulator.upbit``.

    Attributes:
        region: where its key is from.
        nonces: those of its tokens that were used.
        connects: how often it may connect.
        reads: how often it may ask by REST.
    """

    name = "upbit"

    def __init__(
        self,
        site: Site,
        terms: Terms,
        balances: Mapping[str, Amount],
        *,
        region: Region,
        first_use_silence: bool,
        exponents: bool,
    ) -> None:
        super().__init__(site, terms, balances)
        self.region: Region = region
        self.nonces: set[str] = set()
        self.connects = Limit(5, 1.0)
        self.reads = Limit(30, 1.0)
        self._exponents = exponents
        self._untouched = first_use_silence
        self._stamps: dict[str, int] = {}

    @property
    def access_key(self) -> str:
        """The fake key: 40 characters, like the real ones."""
        return self.terms.key

    @property
    def ws_url(self) -> str:
        """The whole URL of the private WebSocket."""
        return self.site.ws_url + WS_PATH

    def exchange(self) -> Exchange:
        """An ``assetstream.Upbit`` for this account, pointed at the simulator."""
        from assetstream.exchanges import Upbit

        return Upbit(
            self.access_key,
            self.secret_key,
            region=self.region,
            ws_url=self.ws_url,
            rest_url=self.site.url,
        )

    def environment(self) -> dict[str, str]:
        """Keys and URLs: UPBIT_ACCESS_KEY, _SECRET_KEY, _WS_URL and _REST_URL."""
        return {
            "UPBIT_ACCESS_KEY": self.access_key,
            "UPBIT_SECRET_KEY": self.secret_key,
            "UPBIT_WS_URL": self.ws_url,
            "UPBIT_REST_URL": self.site.url,
        }

    def silences_first(self) -> bool:
        """True once: for the first subscription, if that is to get nothing."""
        first, self._untouched = self._untouched, False
        return first

    def encode(self, change: Change, style: str) -> Sequence[Message]:
        """One binary frame per currency of ``change``, with its stamps 1 ms apart.

        Args:
            style: the format that the client asked for.
        """
        wrap = "[{}]" if "LIST" in style else "{}"
        form = self._simple if "SIMPLE" in style else self._default
        return [
            Message(
                Kind.PUSH,
                wrap.format(form(change, entry, self._stamp(change, place))).encode(),
                binary=True,
            )
            for place, entry in enumerate(change.entries)
        ]

    def _stamp(self, change: Change, place: int) -> int:
        """``timestamp`` of a frame; one currency's never goes back."""
        currency = change.entries[place].currency
        stamp = max(change.time_ms + place, self._stamps.get(currency, 0))
        self._stamps[currency] = stamp
        return stamp

    # Written by hand: no JSON library writes a Decimal as a number with all its digits.

    def _default(self, change: Change, entry: Entry, stamp: int) -> str:
        return (
            f'{{"type":"myAsset","asset_uuid":"{self._uuid(entry.currency)}",'
            f'"assets":[{{"currency":"{entry.currency}",'
            f'"balance":{self._number(entry.available, entry)},'
            f'"locked":{self._number(entry.locked, entry)}}}],'
            f'"asset_timestamp":{change.time_ms},"timestamp":{stamp},'
            f'"stream_type":"REALTIME"}}'
        )

    def _simple(self, change: Change, entry: Entry, stamp: int) -> str:
        return (
            f'{{"ty":"myAsset","astuid":"{self._uuid(entry.currency)}",'
            f'"ast":[{{"cu":"{entry.currency}",'
            f'"b":{self._number(entry.available, entry)},'
            f'"l":{self._number(entry.locked, entry)}}}],'
            f'"asttms":{change.time_ms},"tms":{stamp},"st":"REALTIME"}}'
        )

    def _uuid(self, currency: str) -> uuid.UUID:
        return uuid.uuid5(uuid.NAMESPACE_OID, f"{self.access_key}/{currency}")

    def _number(self, amount: Any, entry: Entry) -> str:
        if self._exponents and amount and entry.number % 4 == 3:
            digits, _, power = f"{amount:E}".partition("E")
            return f"{digits}E{int(power)}"
        return plain(amount)


class UpbitVenue(Venue):
    """Checks JWTs and serves ``GET /v1/accounts``."""

    name = "upbit"

    def __init__(self, site: Site) -> None:
        self.accounts: dict[str, UpbitAccount] = {}
        self._site = site
        self._jws = verifier()

    def owns(self, path: str) -> bool:
        """Its WebSocket, and everything below ``/v1/``."""
        return path.startswith(("/websocket/", "/v1/"))

    def admit(self, request: Request) -> Callable[[Connection], Session]:
        """Let an upgrade pass whose token is right."""
        if request.path != WS_PATH:
            raise refused("not_found")
        account = self._authenticated(request)
        if not self._site.faults.login(account):
            raise refused("invalid_access_key")
        if self._site.rate_limits and not account.connects.use():
            raise refused("too_many_requests")
        return lambda connection: UpbitSession(self._site, connection, account)

    def rest(self, request: Request) -> Reply:
        """All balances."""
        try:
            if (request.method, request.path) != ("GET", "/v1/accounts"):
                raise refused("not_found")
            account = self._authenticated(request)
            self._site.board.count("reads", account.seen)
            if self._site.rate_limits and not account.reads.use():
                raise refused("too_many_requests", remaining=0)
        except Refused as refusal:
            return refusal.reply
        reply = self._site.faults.read(account)
        if reply is not None:
            return reply
        balances = self._site.faults.balances(account)
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
        """The account whose token it carries, if everything about it is right."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise refused("no_authorization_token")
        claims = self._claims(token)
        access_key, nonce = claims.get("access_key"), claims.get("nonce")
        if not isinstance(access_key, str) or not isinstance(nonce, str) or not nonce:
            raise refused("invalid_query_payload")
        account = self.accounts.get(access_key)
        # Another region's host does not know the key.
        if account is None or account.region != self._site.region:
            raise refused("invalid_access_key")
        try:
            self._jws.decode(token, account.secret_key, algorithms=["HS256", "HS512"])
        except InvalidTokenError:
            # No cause: its traceback would hold the token.
            raise refused("jwt_verification") from None
        if not account.terms.allows_ip(request.address):
            raise refused("no_authorization_ip")
        if nonce in account.nonces:
            raise refused("nonce_used")
        account.nonces.add(nonce)
        if not account.terms.may_view:
            raise refused("out_of_scope")
        return account

    def _claims(self, token: str) -> dict[str, Any]:
        """What the token claims, unproved: it says whose secret can prove it."""
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
) -> Refused:
    """The REST error of that name; upgrades are refused with the same.

    Args:
        name: one of ``REFUSALS``.
        remaining: requests left, for the header; None: no header.
        status: in place of the usual one.
    """
    usual, message = REFUSALS[name]
    headers = (
        {} if remaining is None else {"Remaining_Req": remaining_header(remaining)}
    )
    error = {"error": {"name": name, "message": message}}
    return Refused(Reply.json(status or usual, error, **headers))


def remaining_header(left: int) -> str:
    """The ``Remaining-Req`` header; only ``sec`` means anything."""
    return f"group=default; min=1800; sec={left}"
