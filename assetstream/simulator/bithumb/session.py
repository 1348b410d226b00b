"""``BithumbSession``: Bithumb's side of one private WebSocket."""

from __future__ import annotations

from assetstream.simulator.account import Account
from assetstream.simulator.common.my_asset import RequestError, TicketSession
from assetstream.simulator.context import Context
from assetstream.simulator.session import Transport

__all__ = ["BithumbSession"]

TYPES = ("myAsset", "myOrder")
ERRORS = {
    "WRONG_FORMAT": "Format 이 맞지 않습니다.",
    "NO_TICKET": "티켓이 존재하지 않거나, 유효하지 않습니다.",
    "INVALID_PARAM": "지원하지 않는 타입입니다.",
}
#: Measured: the first answer to PING came a third of the usual interval later.
FIRST_STATUS = 0.3


class BithumbSession(TicketSession):
    """Subscriptions, PING and errors of one connection; nothing is acknowledged."""

    exchange = "bithumb"
    errors = ERRORS

    def __init__(
        self, context: Context, connection: Transport, account: Account
    ) -> None:
        super().__init__(context, connection, account)
        self.status_delay = FIRST_STATUS * context.status_interval

    def _request(self, payload: bytes) -> None:
        items = self._parts(payload)
        if not any(item.get("ticket") for item in items):
            raise RequestError("NO_TICKET")
        types = [item for item in items if "type" in item]
        if not types:
            # Measured; documented is a name of its own. LIST_SUBSCRIPTIONS comes here.
            raise RequestError("WRONG_FORMAT")
        if any(item["type"] not in TYPES for item in types):
            raise RequestError("INVALID_PARAM")
        formats = [item["format"] for item in items if "format" in item]
        # Measured: a format that there is not is ignored.
        self.style = "SIMPLE" if formats[-1:] == ["SIMPLE"] else "DEFAULT"
        self._check_allowed()
        self._replace(types)
