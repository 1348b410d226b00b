"""One connection with Bybit's private WebSocket (R1).

::

    opened: auth ──ack──> subscribe ──ack, or a push──> READY
              │ 10 s                 │ 10 s
              └───────> lost <───────┘
"""

from __future__ import annotations

import json
from typing import Callable, Sequence

from assetstream.exchanges.bybit.frames import (
    AUTH,
    SUBSCRIBE,
    ArrivalOrder,
    Item,
    Notice,
    OperationAnswer,
    PingAnswer,
    read_expected,
    read_tolerantly,
)
from assetstream.exchanges.bybit.refusals import explain_answer, explain_refusal
from assetstream.exchanges.common.conversation import Phase, PhasedConversation
from assetstream.exchanges.common.exchange import KeyedExchange
from assetstream.protocol import BalanceReport, Instant, Memory, Send, Step

__all__ = ["BybitConversation"]

#: Milliseconds from the login to the moment at which its signature expires.
LOGIN_EXPIRES_MS = 10_000

TOPICS = ["wallet"]
#: The operation that each phase waits for.
WAITS = {Phase.LOGGING_IN: AUTH, Phase.SUBSCRIBING: SUBSCRIBE}


class BybitConversation(PhasedConversation[Notice]):
    """The protocol state of one connection.

    Args:
        memory: outlives the connection; a copy of a push may come on the next one.
        sign: makes a signature over a text.
    """

    _explain_answer = staticmethod(explain_answer)

    def __init__(
        self, exchange: KeyedExchange, memory: Memory, sign: Callable[[str], str]
    ) -> None:
        super().__init__(exchange)
        self._sign = sign
        self._order: ArrivalOrder = memory.setdefault("order", ArrivalOrder())

    def opened(self, instant: Instant, nonce: str) -> Sequence[Step]:
        self._heartbeat.start(instant.now)
        expires = instant.ms + LOGIN_EXPIRES_MS
        signature = self._sign(f"GET/realtime{expires}")
        login = [self._exchange.credentials["api_key"], expires, signature]
        return [self._ask(Phase.LOGGING_IN, login, instant)]

    def closing(self, instant: Instant) -> Sequence[Send]:
        ready = self._phase is Phase.READY
        return [_operation("unsubscribe", TOPICS)] if ready else ()

    def _ask(self, phase: Phase, args: Sequence[object], instant: Instant) -> Step:
        """Enter a phase with the request whose answer ends it."""
        self._await(phase, instant)
        return _operation(WAITS[phase], args)

    def _ping(self, instant: Instant) -> Step:
        # Bybit's own ping is what its documents ask for.
        return _operation("ping")

    def _read_expected(self, frames: Sequence[bytes]) -> list[BalanceReport] | None:
        return read_expected(frames, self._order)

    def _read_tolerantly(self, frame: bytes) -> Sequence[Item]:
        item = read_tolerantly(frame, self._order)
        return () if item is None else (item,)

    def _on_notice(
        self, notice: Notice, frame: bytes, instant: Instant
    ) -> Sequence[Step]:
        if isinstance(notice, PingAnswer):
            return [self._heartbeat.answered(instant.now)]
        if not notice.good:
            return [self._on_refusal(notice)]
        if notice.operation == AUTH and self._phase is Phase.LOGGING_IN:
            return [self._ask(Phase.SUBSCRIBING, TOPICS, instant)]
        if notice.operation == SUBSCRIBE:
            return self._prove()
        return ()

    def _on_refusal(self, answer: OperationAnswer) -> Step:
        waits = WAITS.get(self._phase, "")
        # A refusal may not name what it refuses: it is what we wait for.
        operation = answer.operation or waits
        error = explain_refusal(self._exchange, answer, operation)
        return self._refuse(error, bool(waits) and operation == waits)


def _operation(name: str, args: Sequence[object] | None = None) -> Send:
    message: dict[str, object] = {"op": name}
    if args is not None:
        message["args"] = args
    return Send(json.dumps(message))
