"""CoinW's side of one WebSocket."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any, Mapping

import msgspec

from assetstream.simulator.messages import Kind, Message
from assetstream.simulator.site import Session, Site

if TYPE_CHECKING:
    from assetstream.simulator.coinw.venue import CoinWAccount
    from assetstream.simulator.connection import Connection

__all__ = ["CoinWSession"]

#: Private types of the spot market; only ``assets`` is ever pushed here.
TYPES = ("assets", "order")
NOT_AUTHENTICATED = (1003, "Authentication failed")
INVALID_PARAMETER = (1007, "Invalid parameter")


class CoinWSession(Session):
    """Login, subscriptions, ping and errors of one connection."""

    exchange = "coinw"

    def __init__(
        self,
        site: Site,
        connection: Connection,
        accounts: Mapping[str, CoinWAccount],
        address: str,
    ) -> None:
        super().__init__(site, connection)
        self.account: CoinWAccount | None = None
        self._accounts = accounts
        self._address = address
        self._last_message = connection.now()
        self._events = {
            "login": self._login,
            "sub": self._subscribe,
            "unsub": self._unsubscribe,
            "ping": self._ping,
        }

    def opened(self) -> None:
        """Nothing is said until the client speaks."""
        self.watch_idleness()

    def quiet(self, now: float) -> float:
        """Only the client's own messages keep it alive: no push, no protocol ping."""
        return now - self._last_message

    def received(self, payload: bytes) -> None:
        """A request. Event names are case-sensitive."""
        self._last_message = self.connection.now()
        try:
            request = msgspec.json.decode(payload)
        except (msgspec.DecodeError, UnicodeDecodeError):
            # Not a rate limit at all, but that is what the real one says.
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
        account = self._accounts.get(str(params.get("api_key")))
        given = str(params.get("passphrase")).encode()
        good = (
            account is not None
            and hmac.compare_digest(account.secret_key.encode(), given)
            and account.terms.allows_ip(self._address)
            and account.terms.may_view
            and self.site.faults.login(account)
        )
        if good and account is not None:
            self.closed()  # a second login leaves nothing of the first behind
            self.account = account
            self.site.board.count("connections", account.seen)
            self.site.faults.identified(self.connection)
        self._send(
            Kind.LOGIN,
            {"data": outcome(None if good else NOT_AUTHENTICATED), "channel": "login"},
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
        good = self.site.faults.subscription(self.account)
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
        self._send(Kind.SUBSCRIPTION, content)

    def _ping(self, params: dict[str, Any]) -> None:
        self._send(Kind.STATUS, {"event": "pong"})

    def _send(self, kind: Kind, content: object) -> None:
        self.connection.send(Message(kind, msgspec.json.encode(content)))


def outcome(wrong: tuple[int, str] | None) -> dict[str, Any]:
    """The ``data`` of an answer."""
    return {"result": True} if wrong is None else bare(*wrong)


def bare(code: int, text: str) -> dict[str, Any]:
    """A failure; on its own it cannot be matched with what it answers."""
    return {"result": False, "errorCode": code, "errorMsg": text}
