"""One connection with Korbit's private WebSocket (R1).

::

    opened: subscribe ──success, or a push──> READY
              │ 10 s
              └──> lost
"""

from __future__ import annotations

import json
from typing import Callable, Sequence

from assetstream.exchanges.common.conversation import Phase, PhasedConversation
from assetstream.exchanges.common.exchange import KeyedExchange
from assetstream.exchanges.korbit.frames import (
    CHANNEL,
    MAIN_ACCOUNT,
    ControlMessage,
    Item,
    read_expected,
    read_tolerantly,
)
from assetstream.exchanges.korbit.refusals import explain_answer, explain_refusal
from assetstream.protocol import (
    BalanceReport,
    Connect,
    Instant,
    Send,
    Step,
)

__all__ = ["KorbitConversation"]

#: The ``requestId`` of the only request; a request without one is not acknowledged.
SUBSCRIBE = 1


class KorbitConversation(PhasedConversation[ControlMessage]):
    """The protocol state of one connection; ``query`` makes the signed query."""

    _explain_answer = staticmethod(explain_answer)

    def __init__(
        self, exchange: KeyedExchange, query: Callable[[Instant], str]
    ) -> None:
        super().__init__(exchange)
        self._query = query

    def connect(self, instant: Instant, nonce: str) -> Connect:
        headers = {"X-KAPI-KEY": self._exchange.credentials["api_key"]}
        return Connect(f"{self._exchange.ws_url}?{self._query(instant)}", headers)

    def opened(self, instant: Instant, nonce: str) -> Sequence[Step]:
        self._heartbeat.start(instant.now)
        self._await(Phase.SUBSCRIBING, instant)
        request = {"requestId": SUBSCRIBE, "method": "subscribe", "type": CHANNEL}
        # Named, so that the pushes say whose they are.
        return [Send(json.dumps([{**request, "accountSeqs": [MAIN_ACCOUNT]}]))]

    def closing(self, instant: Instant) -> Sequence[Send]:
        # The subscription ends with the connection.
        return ()

    def _read_expected(self, frames: Sequence[bytes]) -> list[BalanceReport] | None:
        return read_expected(frames)

    def _read_tolerantly(self, frame: bytes) -> Sequence[Item]:
        item = read_tolerantly(frame)
        return () if item is None else (item,)

    def _on_notice(
        self, notice: ControlMessage, frame: bytes, instant: Instant
    ) -> Sequence[Step]:
        if notice.good:
            return self._prove() if notice.request == str(SUBSCRIBE) else ()
        waits = self._phase is Phase.SUBSCRIBING
        doing = "the subscription" if waits else "a request"
        error = explain_refusal(self._exchange, notice, doing)
        return [self._refuse(error, waits)]
