"""``CoinWSession``: CoinW's side of one WebSocket."""

from __future__ import annotations

from typing import Any, Callable

import msgspec

from assetstream.simulator.coinw.account import CoinWAccount
from assetstream.simulator.common.signatures import same
from assetstream.simulator.context import Context
from assetstream.simulator.messages import Kind
from assetstream.simulator.session import LoginSession, Transport

__all__ = ["NOT_AUTHENTICATED", "CoinWSession", "bare"]

#: Private types of the spot market; only ``assets`` is ever pushed here.
TYPES = ("assets", "order")
NOT_AUTHENTICATED = (1003, "Authentication failed")
INVALID_PARAMETER = (1007, "Invalid parameter")


class CoinWSession(LoginSession[CoinWAccount]):
    """Login, subscriptions, ping and errors of one connection."""

    exchange = "coinw"

    def __init__(
        self,
        context: Context,
        connection: Transport,
        account_of: Callable[[str], CoinWAccount | None],
        address: str,
    ) -> None:
        super().__init__(context, connection, account_of, address)
        self._last_message = connection.now()
        self._events = {
            "login": self._login,
            "sub": self._subscribe,
            "unsub": self._unsubscribe,
            "ping": self._ping,
        }

    def idle(self, now: float) -> float:
        """Seconds since the client's last message: neither push nor ping counts."""
        return now - self._last_message

    def received(self, payload: bytes) -> None:
        """Answer a request. Event names are case-sensitive."""
        self._last_message = self.connection.now()
        try:
            request = msgspec.json.decode(payload)
        except (msgspec.DecodeError, UnicodeDecodeError):
            # It is no rate limit at all, but the real one answers so.
            self._send(Kind.ERROR, bare(1001, "Rate Limit"))
            return
        event = request.get("event") if isinstance(request, dict) else None
        act = self._events.get(event) if isinstance(event, str) else None
        params = request.get("params", {}) if act else None
        if act is None or not isinstance(params, dict):
            self._send(Kind.ERROR, bare(500, "exception"))
        else:
            act(params)

    def _login(self, params: dict[str, Any]) -> None:
        account = self._account_of(str(params.get("api_key")))
        given = str(params.get("passphrase"))
        good = (
            account is not None
            and same(account.secret_key, given)
            and account.credentials.allows_ip(self._address)
            and account.credentials.may_view
            and self.context.points.allow("login", account)
        )
        if good and account is not None:
            self._identify(account)
        self._send(
            Kind.LOGIN,
            {"data": outcome(None if good else NOT_AUTHENTICATED), "channel": "login"},
            accepted=good,
        )

    def _subscribe(self, params: dict[str, Any]) -> None:
        if not params:
            self._send(Kind.ERROR, bare(500, "exception"))
            return
        wrong = self._objection(params)
        # Answered first: no push comes before the acknowledgement. A second one is
        # acknowledged again, and doubles nothing.
        self._acknowledge("subscribe", params, wrong)
        if self.account is not None and wrong is None and params["type"] == "assets":
            self.account.subscribe(self)

    def _unsubscribe(self, params: dict[str, Any]) -> None:
        wrong = self._objection(params)
        if self.account is None or wrong is not None:
            self._acknowledge("unsub", params, wrong)
            return
        if params["type"] == "assets":
            self.account.unsubscribe(self)
        if not self.account.silent_unsub:
            self._acknowledge("unsub", params, None)

    def _objection(self, params: dict[str, Any]) -> tuple[int, str] | None:
        if params.get("biz") != "exchange" or params.get("type") not in TYPES:
            return INVALID_PARAMETER
        if self.account is None:
            return NOT_AUTHENTICATED
        good = self.context.points.allow("subscription", self.account)
        return None if good else INVALID_PARAMETER

    def _acknowledge(
        self, channel: str, params: dict[str, Any], wrong: tuple[int, str] | None
    ) -> None:
        content = {
            "biz": params.get("biz"),
            "data": outcome(wrong),
            "channel": channel,
            "type": params.get("type"),
        }
        # The end of a subscription is answered alike, and accepts nothing.
        accepted = wrong is None if channel == "subscribe" else None
        self._send(Kind.SUBSCRIPTION, content, accepted)

    def _ping(self, params: dict[str, Any]) -> None:
        self._send(Kind.STATUS, {"event": "pong"})


def outcome(wrong: tuple[int, str] | None) -> dict[str, Any]:
    """Make the ``data`` of an answer."""
    return {"result": True} if wrong is None else bare(*wrong)


def bare(code: int, text: str) -> dict[str, Any]:
    """Make a failure; on its own it does not show which request it answers."""
    return {"result": False, "errorCode": code, "errorMsg": text}
