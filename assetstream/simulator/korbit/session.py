"""``KorbitSession``: Korbit's side of one private WebSocket."""

from __future__ import annotations

from typing import Any

from assetstream.exchanges.korbit.frames import CHANNEL, MAIN_ACCOUNT
from assetstream.simulator.context import Context
from assetstream.simulator.korbit.account import NUMBERED, KorbitAccount
from assetstream.simulator.messages import Kind, json_of
from assetstream.simulator.session import ExchangeSession, Transport

__all__ = ["KorbitSession"]

#: Seconds between two pings of Korbit's, and their payload (measured at the public
#: socket).
PING_INTERVAL = 30.0
PING = b"ping"
CHANNELS = (CHANNEL, "myOrder", "myTrade")


class KorbitSession(ExchangeSession):
    """Subscription, pings and errors of one connection."""

    exchange = "korbit"
    account: KorbitAccount

    def __init__(
        self, context: Context, connection: Transport, account: KorbitAccount
    ) -> None:
        super().__init__(context, connection, account)
        self._last_pong = connection.now()

    def opened(self) -> None:
        """Wait for the client to speak first, and ping it."""
        super().opened()
        self.connection.call_later(PING_INTERVAL, self._ask)

    def _ask(self) -> None:
        self.connection.ping(PING)
        self.connection.call_later(PING_INTERVAL, self._ask)

    def ponged(self, payload: bytes) -> None:
        """Take it for an answer only if it has our ping's payload."""
        if payload == PING:
            self._last_pong = self.connection.now()

    def idle(self, now: float) -> float:
        """Seconds since a ping was answered: neither requests nor pushes count."""
        return now - self._last_pong

    def received(self, payload: bytes) -> None:
        """Answer each request of a list."""
        requests = json_of(payload)
        if not isinstance(requests, list) or not all(
            isinstance(request, dict) for request in requests
        ):
            self._answer(Kind.ERROR, {}, "fail", message="invalid_format")
            return
        for request in requests:
            self._act(request)

    def _act(self, request: dict[str, Any]) -> None:
        accounts = request.get("accountSeqs", [MAIN_ACCOUNT])
        numbers = accounts if isinstance(accounts, list) else [None]
        objection = ""
        if request.get("type") not in CHANNELS:
            objection = "unknown_type"
        elif request.get("method") not in ("subscribe", "unsubscribe"):
            objection = "unknown_method"
        elif any(type(number) is not int for number in numbers):
            objection = "invalid_accountSeqs"
        if objection:
            self._refuse(request, objection)
        elif request["type"] != CHANNEL:
            self._answer(Kind.SUBSCRIPTION, request, "success")
        elif request["method"] == "unsubscribe":
            self.closed()
            self._answer(Kind.SUBSCRIPTION, request, "success")
        elif not self.context.points.allow("subscription", self.account):
            self._refuse(request, "internal")
        else:
            self._subscribe(request, accounts)

    def _subscribe(self, request: dict[str, Any], accounts: list[int]) -> None:
        self.style = NUMBERED if "accountSeqs" in request else ""
        # Answered first: no push comes before the acknowledgement, no snapshot ever.
        self._answer(Kind.SUBSCRIPTION, request, "success", accepted=True)
        if MAIN_ACCOUNT in accounts:
            self.account.subscribe(self)

    def _refuse(self, request: dict[str, Any], message: str) -> None:
        error = {"code": "INVALID_REQUEST", "message": message}
        self._answer(Kind.SUBSCRIPTION, request, "fail", accepted=False, **error)

    def _answer(
        self,
        kind: Kind,
        request: dict[str, Any],
        status: str,
        *,
        accepted: bool | None = None,
        **error: str,
    ) -> None:
        """Answer; what was carried out and has no ``requestId`` is not answered."""
        number = {key: request[key] for key in ("requestId",) if key in request}
        if number or error:
            self._send(kind, {"status": status, **error, **number}, accepted)
