"""One connection with Binance's WebSocket API (R1).

::

    opened: userDataStream.subscribe.signature ──answer, or a push──> READY
              │ 10 s
              └───────> lost
"""

from __future__ import annotations

import json
from typing import Callable, Mapping, Sequence

from assetstream.exchanges.binance.frames import (
    SHUTDOWN,
    IdentifiedAnswer,
    Item,
    Notice,
    PushedDelta,
    read_expected,
    read_tolerantly,
)
from assetstream.exchanges.binance.refusals import explain_answer, explain_refusal
from assetstream.exchanges.common.conversation import Phase, PhasedConversation
from assetstream.exchanges.common.exchange import KeyedExchange
from assetstream.exchanges.common.refusals import BLOCKED_S, LONGEST_WAIT_S
from assetstream.model.errors import ConnectionLost
from assetstream.protocol import (
    BalanceReport,
    Instant,
    Reread,
    Send,
    Step,
)

__all__ = ["RECV_WINDOW", "SUBSCRIBE", "BinanceConversation"]

METHOD = "userDataStream.subscribe.signature"
#: The ``id`` of the only request.
SUBSCRIBE = "subscribe"
#: Milliseconds that a request may be old when it arrives; 5,000 if it does not say. Our
#: idea of Binance's time may be a second or two behind, and a request takes its time.
RECV_WINDOW = 10_000
#: Seconds until another connection is asked for; Binance ends one after 24 hours.
LIFE_S = 24 * 3600.0 - 600.0


class BinanceConversation(PhasedConversation[Notice]):
    """The protocol state of one connection; ``sign`` signs parameters."""

    _explain_answer = staticmethod(explain_answer)

    def __init__(
        self,
        exchange: KeyedExchange,
        sign: Callable[[Mapping[str, str | int]], Mapping[str, str | int]],
    ) -> None:
        super().__init__(exchange)
        self._sign = sign

    def opened(self, instant: Instant, nonce: str) -> Sequence[Step]:
        self._ends_at = instant.now + LIFE_S
        self._heartbeat.start(instant.now)
        self._await(Phase.SUBSCRIBING, instant)
        params: dict[str, str | int] = {
            "apiKey": self._exchange.credentials["api_key"],
            "recvWindow": RECV_WINDOW,
            "timestamp": instant.ms,
        }
        request = {"id": SUBSCRIBE, "method": METHOD, "params": self._sign(params)}
        return [Send(json.dumps(request))]

    def closing(self, instant: Instant) -> Sequence[Send]:
        # The subscription ends with the connection.
        return ()

    def _read_expected(self, frames: Sequence[bytes]) -> list[BalanceReport] | None:
        return read_expected(frames)

    def _read_tolerantly(self, frame: bytes) -> Sequence[Item]:
        item = read_tolerantly(frame)
        return () if item is None else (item,)

    def _on_notice(
        self, notice: Notice, frame: bytes, instant: Instant
    ) -> Sequence[Step]:
        if isinstance(notice, PushedDelta):
            return [*self._prove(), Reread(notice.currency)]
        if isinstance(notice, IdentifiedAnswer):
            return self._on_answer(notice, instant)
        if notice.event == SHUTDOWN:
            return [self._renew("Binance shuts the connection's server down")]
        error = ConnectionLost(
            f"Binance ended the subscription ({notice.event})",
            remedy="Look on Binance's site whether the key is still in force.",
            exchange=self._exchange.name,
        )
        return [self._fail(error)]

    def _on_answer(self, answer: IdentifiedAnswer, instant: Instant) -> Sequence[Step]:
        if answer.request not in (SUBSCRIBE, ""):
            return ()
        if not answer.code:
            return self._prove() if answer.request else ()
        wait = BLOCKED_S if answer.status == 418 else None
        if answer.retry_at is not None:
            left = min((answer.retry_at - instant.ms) / 1000, LONGEST_WAIT_S)
            wait = left if left > 0 else wait
        waits = self._phase is Phase.SUBSCRIBING
        doing = "the subscription" if waits else "a request"
        error = explain_refusal(self._exchange, answer, doing, wait)
        return [self._refuse(error, waits)]
