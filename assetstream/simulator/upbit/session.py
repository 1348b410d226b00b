"""``UpbitSession``: Upbit's side of one private WebSocket."""

from __future__ import annotations

from typing import Any

from assetstream.simulator.common.my_asset import RequestError, TicketSession
from assetstream.simulator.context import Context
from assetstream.simulator.limits import Limit
from assetstream.simulator.messages import Kind
from assetstream.simulator.session import Transport
from assetstream.simulator.upbit.account import UpbitAccount

__all__ = ["UpbitSession"]

FORMATS = ("DEFAULT", "SIMPLE", "JSON_LIST", "SIMPLE_LIST")
PRIVATE_TYPES = ("myAsset", "myOrder")
#: Types of the public socket, which need ``codes``.
QUOTATION_TYPES = ("ticker", "trade", "orderbook", "candle")
ERRORS = {
    "INVALID_AUTH": "인증 정보가 올바르지 않습니다.",
    "WRONG_FORMAT": "요청 형식이 올바르지 않습니다.",
    "NO_TICKET": "티켓이 존재하지 않거나 유효하지 않습니다.",
    "NO_TYPE": "타입 필드가 존재하지 않습니다.",
    "NO_CODES": "코드 필드가 존재하지 않습니다.",
    "INVALID_PARAM": "지원하지 않는 값입니다.",
    "TOO_MANY_REQUEST": "요청 수 제한을 초과했습니다.",
}


class UpbitSession(TicketSession):
    """Subscriptions, LIST_SUBSCRIPTIONS, PING and errors of one connection."""

    exchange = "upbit"
    errors = ERRORS
    account: UpbitAccount

    def __init__(
        self, context: Context, connection: Transport, account: UpbitAccount
    ) -> None:
        super().__init__(context, connection, account)
        self._types: list[dict[str, Any]] = []
        self._limits = (Limit(5, 1.0), Limit(100, 60.0))

    def _request(self, payload: bytes) -> None:
        # A list, not a generator: a request counts against both limits.
        if self.context.rate_limits and not all([x.use() for x in self._limits]):
            raise RequestError("TOO_MANY_REQUEST")
        items = self._parts(payload)
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
        self._check_allowed()
        self._types = types
        if any(item["type"] == "myAsset" for item in types):
            self.silent = self.silent or self.account.silences_first()
        self._replace(types)

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


def check_type(item: dict[str, Any]) -> None:
    """Raise RequestError if one type of a subscription is wrong."""
    name = str(item["type"])
    if name == "myAsset" and "codes" in item:
        raise RequestError("WRONG_FORMAT")
    if name.partition(".")[0] in QUOTATION_TYPES and not item.get("codes"):
        raise RequestError("NO_CODES")
    if name not in PRIVATE_TYPES:
        raise RequestError("INVALID_PARAM")
