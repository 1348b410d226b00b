"""``BinanceSession``: Binance's side of one connection with its WebSocket API."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any, Callable, Mapping

from assetstream.simulator.binance.account import BinanceAccount
from assetstream.simulator.common.signatures import same
from assetstream.simulator.context import Context
from assetstream.simulator.messages import Kind, json_of
from assetstream.simulator.session import LoginSession, Transport

__all__ = [
    "REFUSALS",
    "BinanceSession",
    "objection",
    "refusal",
    "verified",
]

#: Seconds between two pings of Binance's.
PING_INTERVAL = 20.0
#: Milliseconds that a request may be ahead of Binance's clock, and behind it if it does
#: not say, and at most.
AHEAD, BEHIND, MOST = 1000, 5000, 60_000
KEY_LENGTH = 64
#: Status and words of every refusal, by code.
REFUSALS: Mapping[int, tuple[int, str]] = {
    -1000: (400, "An unknown error occurred while processing the request."),
    -1001: (500, "Internal error; unable to process your request. Please try again."),
    -1003: (429, "Too much request weight used; current limit is 6000 per 1 MINUTE."),
    -1020: (400, "This operation is not supported."),
    -1021: (400, "Timestamp for this request is outside of the recvWindow."),
    -1022: (400, "Signature for this request is not valid."),
    -1100: (400, "Illegal characters found in a parameter."),
    -1102: (400, "A mandatory parameter was not sent, was empty/null, or malformed."),
    -1131: (400, "recvWindow must be less than 60000."),
    -2008: (401, "Invalid Api-Key ID."),
    -2014: (401, "API-key format invalid."),
    -2015: (401, "Invalid API-key, IP, or permissions for action."),
    -2035: (400, "User Data Stream subscription already active."),
    -2036: (400, "User Data Stream subscription not active."),
}


def refusal(code: int) -> dict[str, Any]:
    """Make the part of an answer that refuses a request; ``code``: of ``REFUSALS``."""
    status, words = REFUSALS[code]
    return {"status": status, "error": {"code": code, "msg": words}}


def objection(
    account: BinanceAccount | None,
    key: str,
    params: Mapping[str, str],
    signed: str,
    address: str,
    context: Context,
) -> int:
    """Return the code of what is wrong with a signed request; 0: nothing.

    Args:
        account: the key's, if it is known.
        key: as it was given.
        params: the request's, the numbers among them as text.
        signed: what the signature has to be over.
        address: the client's.
        context: that of the simulator.
    """
    time, window = params.get("timestamp", ""), params.get("recvWindow", str(BEHIND))
    if not (time.isdecimal() and window.isdecimal() and params.get("signature")):
        return -1102
    if len(key) != KEY_LENGTH or not key.isalnum():
        return -2014
    if int(window) > MOST:
        return -1131
    # Nobody is told which of key, address and permission it is.
    if (
        account is None
        or not account.credentials.allows_ip(address)
        or not account.credentials.may_view
    ):
        return -2015
    now = context.wall_ms("binance")
    if not now - int(window) <= int(time) < now + AHEAD:
        return -1021
    return 0 if verified(account, signed, params["signature"]) else -1022


def verified(account: BinanceAccount, text: str, signature: str) -> bool:
    """Return whether it is the account's signature over ``text``."""
    if not account.ed25519:
        secret = account.secret_key.encode()
        right = hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()
        # Either case is right.
        return same(right, signature.lower())
    # Imported here: hardly an account has such a key.
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.serialization import load_der_private_key

    key: Any = load_der_private_key(base64.b64decode(account.secret_key), None)
    try:
        given = base64.b64decode(signature, validate=True)
        key.public_key().verify(given, text.encode())
    except (ValueError, InvalidSignature):
        return False
    return True


class BinanceSession(LoginSession[BinanceAccount]):
    """Subscription, pings and errors of one connection."""

    exchange = "binance"

    def __init__(
        self,
        context: Context,
        connection: Transport,
        account_of: Callable[[str], BinanceAccount | None],
        address: str,
    ) -> None:
        super().__init__(context, connection, account_of, address)
        self._last_pong = connection.now()
        self._asked: set[bytes] = set()
        self._subscriptions = 0
        self._methods = {
            "userDataStream.subscribe.signature": self._subscribe,
            "userDataStream.unsubscribe": self._unsubscribe,
            "session.subscriptions": self._list,
            "ping": self._ping,
        }

    def opened(self) -> None:
        """Wait for the client to speak first, and ping it."""
        super().opened()
        self.connection.call_later(PING_INTERVAL, self._ask)

    def _ask(self) -> None:
        payload = str(self.context.wall_ms(self.exchange)).encode()
        self._asked.add(payload)
        self.connection.ping(payload)
        self.connection.call_later(PING_INTERVAL, self._ask)

    def ponged(self, payload: bytes) -> None:
        """Take it for an answer only if it has the payload of one of our pings."""
        if payload in self._asked:
            self._asked.remove(payload)
            self._last_pong = self.connection.now()

    def idle(self, now: float) -> float:
        """Seconds since a ping was answered: neither requests nor pushes count."""
        return now - self._last_pong

    def received(self, payload: bytes) -> None:
        """Answer a request."""
        request = json_of(payload)
        method = request.get("method") if isinstance(request, dict) else None
        act = self._methods.get(method) if isinstance(method, str) else None
        params = request.get("params", {}) if isinstance(request, dict) else None
        identifier = request.get("id") if isinstance(request, dict) else None
        if not isinstance(identifier, (str, int, type(None))):
            identifier, act = None, None
        if act is None:
            code = -1100 if method is None else -1020
            self._answer(Kind.ERROR, identifier, refusal(code))
        elif not isinstance(params, dict):
            self._answer(Kind.ERROR, identifier, refusal(-1102))
        else:
            act(identifier, params)

    def _subscribe(self, identifier: object, params: dict[str, Any]) -> None:
        account = self._account_of(str(params.get("apiKey")))
        code = self._objection(params, account)
        if not code and not self.context.points.allow("login", account):
            code = -2015
        if account is None or code:
            self._refuse(Kind.LOGIN, identifier, code)
            return
        if self.subscribed:
            self._refuse(Kind.SUBSCRIPTION, identifier, -2035)
            return
        self._identify(account)
        if not self.context.points.allow("subscription", account):
            self._refuse(Kind.SUBSCRIPTION, identifier, -1001)
            return
        self.style = str(self._subscriptions)
        self._subscriptions += 1
        # Answered first: no push comes before the acknowledgement, no snapshot ever.
        result = {"status": 200, "result": {"subscriptionId": int(self.style)}}
        self._answer(Kind.SUBSCRIPTION, identifier, result, accepted=True)
        account.subscribe(self)

    def _objection(self, params: dict[str, Any], account: BinanceAccount | None) -> int:
        """Return the code of what is wrong with a subscription; 0: nothing."""
        kinds = {"apiKey": str, "signature": str, "timestamp": int, "recvWindow": int}
        if any(type(value) is not kinds.get(name) for name, value in params.items()):
            return -1102
        key = params.get("apiKey", "")
        signed = "&".join(
            f"{name}={params[name]}" for name in sorted(params) if name != "signature"
        )
        texts = {name: str(value) for name, value in params.items()}
        return objection(account, key, texts, signed, self._address, self.context)

    def _unsubscribe(self, identifier: object, params: dict[str, Any]) -> None:
        if not self.subscribed:
            self._refuse(Kind.SUBSCRIPTION, identifier, -2036)
            return
        self.terminate()
        self._answer(Kind.SUBSCRIPTION, identifier, {"status": 200, "result": {}})

    def terminate(self) -> None:
        """End the subscription, and say so."""
        event = {"e": "eventStreamTerminated", "E": self.context.wall_ms(self.exchange)}
        content = {"subscriptionId": int(self.style or 0), "event": event}
        self.closed()
        self._send(Kind.STATUS, content)

    def _list(self, identifier: object, params: dict[str, Any]) -> None:
        numbers = [int(self.style)] if self.subscribed else []
        result = [{"subscriptionId": number} for number in numbers]
        self._answer(Kind.LIST, identifier, {"status": 200, "result": result})

    def _ping(self, identifier: object, params: dict[str, Any]) -> None:
        self._answer(Kind.STATUS, identifier, {"status": 200, "result": {}})

    def _refuse(self, kind: Kind, identifier: object, code: int) -> None:
        self._answer(kind, identifier, refusal(code), accepted=False)

    def _answer(
        self,
        kind: Kind,
        identifier: object,
        outcome: Mapping[str, Any],
        *,
        accepted: bool | None = None,
    ) -> None:
        content = {"id": identifier, **outcome, "rateLimits": []}
        self._send(kind, content, accepted)
