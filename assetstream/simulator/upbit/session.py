"""Upbit's side of one private WebSocket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from assetstream.simulator.limits import Limit
from assetstream.simulator.messages import Kind, Message
from assetstream.simulator.site import Session, Site

if TYPE_CHECKING:
    from assetstream.simulator.connection import Connection
    from assetstream.simulator.upbit.venue import UpbitAccount

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


class Wrong(Exception):
    """The request gets this error."""


class UpbitSession(Session):
    """Subscriptions, LIST_SUBSCRIPTIONS, PING and errors of one connection."""

    exchange = "upbit"

    def __init__(
        self, site: Site, connection: Connection, account: UpbitAccount
    ) -> None:
        super().__init__(site, connection)
        self.account: UpbitAccount = account
        self.style = "DEFAULT"
        self._types: list[dict[str, Any]] = []
        self._limits = (Limit(5, 1.0), Limit(100, 60.0))
        self._status_runs = False
        self._failed = False

    def opened(self) -> None:
        """Nothing is said until the client speaks."""
        self.site.board.count("connections", self.account.seen)
        self.watch_idleness()

    def quiet(self, now: float) -> float:
        """Anything sent or received keeps the connection alive."""
        return now - max(self.connection.last_received, self.connection.last_sent)

    def received(self, payload: bytes) -> None:
        """A request, or the text PING."""
        if self._failed:
            return
        if payload.strip() == b"PING":
            if not self._status_runs:
                self._status_runs = True
                self._say_status()
            return
        try:
            # A list, not a generator: a request counts against both limits.
            if self.site.rate_limits and not all([x.use() for x in self._limits]):
                raise Wrong("TOO_MANY_REQUEST")
            self._request(parts(payload))
        except Wrong as wrong:
            self.fail(str(wrong))

    def _request(self, items: list[dict[str, Any]]) -> None:
        tickets = [item["ticket"] for item in items if item.get("ticket")]
        if not tickets:
            raise Wrong("NO_TICKET")
        formats = [item["format"] for item in items if "format" in item]
        style = formats[-1] if formats else "DEFAULT"
        if style not in FORMATS:
            raise Wrong("INVALID_PARAM")
        # Even of a mere question: its format becomes that of the running stream.
        self.style = style
        methods = [item["method"] for item in items if "method" in item]
        if not methods:
            self._subscribe(items)
        elif methods == ["LIST_SUBSCRIPTIONS"]:
            self._list(tickets[0])
        else:
            raise Wrong("INVALID_PARAM")

    def _subscribe(self, items: list[dict[str, Any]]) -> None:
        types = [item for item in items if "type" in item]
        if not types:
            raise Wrong("NO_TYPE")
        for item in types:
            check_type(item)
        if not self.site.faults.subscription(self.account):
            raise Wrong("INVALID_PARAM")
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
        self._send(Kind.LIST, [answer] if "LIST" in self.style else answer)

    def _say_status(self) -> None:
        self._send(Kind.STATUS, {"status": "UP"})
        self.connection.call_later(self.site.status_interval, self._say_status)

    def fail(self, name: str) -> None:
        """Say what is wrong, once; the close that follows is a normal one, code 1000.

        To be called on the connection's thread.
        """
        if self._failed:
            return
        self._failed = True
        self._send(Kind.ERROR, {"error": {"name": name, "message": ERRORS[name]}})
        self.connection.call_later(CLOSE_DELAY, self.connection.close)

    def _send(self, kind: Kind, content: object) -> None:
        payload = msgspec.json.encode(content)
        self.connection.send(Message(kind, payload, binary=True))


def parts(payload: bytes) -> list[dict[str, Any]]:
    """The objects of a request."""
    try:
        items = msgspec.json.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Wrong("WRONG_FORMAT") from None
    if not isinstance(items, list) or not all(isinstance(x, dict) for x in items):
        raise Wrong("WRONG_FORMAT")
    return items


def check_type(item: dict[str, Any]) -> None:
    """Raise what is wrong with one type of a subscription."""
    name = str(item["type"])
    if name == "myAsset" and "codes" in item:
        raise Wrong("WRONG_FORMAT")
    if name.partition(".")[0] in QUOTATION_TYPES and not item.get("codes"):
        raise Wrong("NO_CODES")
    if name not in PRIVATE_TYPES:
        raise Wrong("INVALID_PARAM")
