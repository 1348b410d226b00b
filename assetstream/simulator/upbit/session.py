"""``UpbitSession``: Upbit's side of one private WebSocket."""

from __future__ import annotations

from typing import Any

import msgspec

from assetstream.simulator.context import Context
from assetstream.simulator.limits import Limit
from assetstream.simulator.messages import Kind, Message
from assetstream.simulator.session import ExchangeSession, Transport
from assetstream.simulator.upbit.account import UpbitAccount

__all__ = ["UpbitSession"]

FORMATS = ("DEFAULT", "SIMPLE", "JSON_LIST", "SIMPLE_LIST")
PRIVATE_TYPES = ("myAsset", "myOrder")
#: Types of the public socket, which need ``codes``.
QUOTATION_TYPES = ("ticker", "trade", "orderbook", "candle")
#: Measured: 150 to 180 ms from the error to the close.
CLOSE_DELAY = 0.15
ERRORS = {
    "INVALID_AUTH": "인증 정보가 올바르지 않습니다.",
    "WRONG_FORMAT": "요청 형식이 올바르지 않습니다.",
    "NO_TICKET": "티켓이 존재하지 않거나 유효하지 않습니다.",
    "NO_TYPE": "타입 필드가 존재하지 않습니다.",
    "NO_CODES": "코드 필드가 존재하지 않습니다.",
    "INVALID_PARAM": "지원하지 않는 값입니다.",
    "TOO_MANY_REQUEST": "요청 수 제한을 초과했습니다.",
}


class RequestError(Exception):
    """Error that a request gets, by its name."""


class UpbitSession(ExchangeSession):
    """Subscriptions, LIST_SUBSCRIPTIONS, PING and errors of one connection."""

    exchange = "upbit"

    def __init__(
        self, context: Context, connection: Transport, account: UpbitAccount
    ) -> None:
        super().__init__(context, connection)
        self.account: UpbitAccount = account
        self.style = "DEFAULT"
        self._types: list[dict[str, Any]] = []
        self._limits = (Limit(5, 1.0), Limit(100, 60.0))
        self._status_runs = False
        self._failed = False

    def opened(self) -> None:
        """Wait for the client to speak first."""
        self.context.signal.count("connections", self.account.seen)
        self.watch_idleness()

    def idle(self, now: float) -> float:
        """Seconds since anything was sent or received."""
        return now - max(self.connection.last_received, self.connection.last_sent)

    def received(self, payload: bytes) -> None:
        """Answer a request, or the text PING."""
        if self._failed:
            return
        if payload.strip() == b"PING":
            if not self._status_runs:
                self._status_runs = True
                self._send_status()
            return
        try:
            # A list, not a generator: a request counts against both limits.
            if self.context.rate_limits and not all([x.use() for x in self._limits]):
                raise RequestError("TOO_MANY_REQUEST")
            self._request(parts(payload))
        except RequestError as error:
            self.fail(str(error))

    def _request(self, items: list[dict[str, Any]]) -> None:
        tickets = [item["ticket"] for item in items if item.get("ticket")]
        if not tickets:
            raise RequestError("NO_TICKET")
        formats = [item["format"] for item in items if "format" in item]
        style = formats[-1] if formats else "DEFAULT"
        if style not in FORMATS:
            raise RequestError("INVALID_PARAM")
        # Even LIST_SUBSCRIPTIONS changes the format of the running stream.
        self.style = style
        methods = [item["method"] for item in items if "method" in item]
        if not methods:
            self._subscribe(items)
        elif methods == ["LIST_SUBSCRIPTIONS"]:
            self._list(tickets[0])
        else:
            raise RequestError("INVALID_PARAM")

    def _subscribe(self, items: list[dict[str, Any]]) -> None:
        types = [item for item in items if "type" in item]
        if not types:
            raise RequestError("NO_TYPE")
        for item in types:
            check_type(item)
        if not self.context.points.allow("subscription", self.account):
            raise RequestError("INVALID_PARAM")
        # The new subscription replaces the old one, it does not add to it.
        self._types = types
        if not any(item["type"] == "myAsset" for item in types):
            self.account.unsubscribe(self)
        else:
            self.silent = self.silent or self.account.silences_first()
            self.account.subscribe(self)

    def _list(self, ticket: str) -> None:
        simple = "SIMPLE" in self.style
        method, result, named = (
            ("mthd", "rslt", "tckt") if simple else ("method", "result", "ticket")
        )
        keys = {"type": "ty", "codes": "cds"} if simple else {}
        listed = [
            {keys.get(k, k): v for k, v in item.items() if k in ("type", "codes")}
            for item in self._types
        ]
        answer = {method: "LIST_SUBSCRIPTIONS", result: listed, named: ticket}
        content = [answer] if "LIST" in self.style else answer
        self._send(Kind.LIST, content, accepted=True)

    def _send_status(self) -> None:
        self._send(Kind.STATUS, {"status": "UP"})
        self.connection.call_later(self.context.status_interval, self._send_status)

    def fail(self, name: str) -> None:
        """Send the error ``name``, once, and then close normally, by code 1000.

        Call it on the connection's thread.
        """
        if self._failed:
            return
        self._failed = True
        self._send(Kind.ERROR, {"error": {"name": name, "message": ERRORS[name]}})
        self.connection.call_later(CLOSE_DELAY, self.connection.close)

    def _send(self, kind: Kind, content: object, accepted: bool | None = None) -> None:
        payload = msgspec.json.encode(content)
        self.send(Message(kind, payload, binary=True, accepted=accepted))


def parts(payload: bytes) -> list[dict[str, Any]]:
    """Return the objects of a request."""
    try:
        items = msgspec.json.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise RequestError("WRONG_FORMAT") from None
    if not isinstance(items, list) or not all(isinstance(x, dict) for x in items):
        raise RequestError("WRONG_FORMAT")
    return items


def check_type(item: dict[str, Any]) -> None:
    """Raise RequestError if one type of a subscription is wrong."""
    name = str(item["type"])
    if name == "myAsset" and "codes" in item:
        raise RequestError("WRONG_FORMAT")
    if name.partition(".")[0] in QUOTATION_TYPES and not item.get("codes"):
        raise RequestError("NO_CODES")
    if name not in PRIVATE_TYPES:
        raise RequestError("INVALID_PARAM")
