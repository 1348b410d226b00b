"""One connection with CoinW's private WebSocket (R1).

::

    opened: login ──ack──> subscribe ──ack, or a push──> READY
              │ 10 s                │ 10 s
              └──────> lost <───────┘
"""

from __future__ import annotations

import json
from typing import Mapping, Sequence

from assetstream.exchanges.coinw.frames import (
    LOGIN,
    SUBSCRIBE,
    HeartbeatEvent,
    Item,
    Notice,
    RequestAnswer,
    read_expected,
    read_tolerantly,
)
from assetstream.exchanges.coinw.refusals import explain_answer, explain_refusal
from assetstream.exchanges.common.conversation import Phase, PhasedConversation
from assetstream.exchanges.common.exchange import KeyedExchange
from assetstream.protocol import BalanceReport, Connect, Instant, Send, Step

__all__ = ["CoinWConversation"]


ASSETS = {"biz": "exchange", "type": "assets"}


class CoinWConversation(PhasedConversation[Notice]):
    """The protocol state of one connection; ``origin``: the Origin header, if any."""

    _explain_answer = staticmethod(explain_answer)

    def __init__(self, exchange: KeyedExchange, origin: str | None) -> None:
        super().__init__(exchange)
        self._origin = origin

    def connect(self, instant: Instant, nonce: str) -> Connect:
        return Connect(self._exchange.ws_url, origin=self._origin)

    def opened(self, instant: Instant, nonce: str) -> Sequence[Step]:
        self._heartbeat.start(instant.now)
        credentials = self._exchange.credentials
        login = {
            "api_key": credentials["api_key"],
            "passphrase": credentials["secret_key"],
        }
        return [self._ask(Phase.LOGGING_IN, "login", login, instant)]

    def closing(self, instant: Instant) -> Sequence[Send]:
        return [_event("unsub", ASSETS)] if self._phase is Phase.READY else ()

    def _ask(
        self, phase: Phase, event: str, params: Mapping[str, str], instant: Instant
    ) -> Step:
        """Enter a phase with the request whose answer ends it."""
        self._await(phase, instant)
        return _event(event, params)

    def _ping(self, instant: Instant) -> Step:
        # CoinW's own ping: whether it heeds the WebSocket's is not known.
        return _event("ping")

    def _read_expected(self, frames: Sequence[bytes]) -> list[BalanceReport] | None:
        return read_expected(frames)

    def _read_tolerantly(self, frame: bytes) -> Sequence[Item]:
        item = read_tolerantly(frame)
        return () if item is None else (item,)

    def _on_notice(
        self, notice: Notice, frame: bytes, instant: Instant
    ) -> Sequence[Step]:
        if isinstance(notice, HeartbeatEvent):
            pong = notice.event == "pong"
            return [self._heartbeat.answered(instant.now) if pong else _event("pong")]
        if not notice.good:
            return [self._on_refusal(notice)]
        if notice.request == LOGIN and self._phase is Phase.LOGGING_IN:
            return [self._ask(Phase.SUBSCRIBING, "sub", ASSETS, instant)]
        if notice.request == SUBSCRIBE:
            return self._prove()
        return ()

    def _on_refusal(self, answer: RequestAnswer) -> Step:
        request = answer.request
        if request is None:
            # Some refusals do not name the request: it is the one that we wait for.
            request = {
                Phase.LOGGING_IN: LOGIN,
                Phase.SUBSCRIBING: SUBSCRIBE,
            }.get(self._phase)
        error = explain_refusal(self._exchange, answer, request)
        return self._refuse(error, request is not None)


def _event(event: str, params: Mapping[str, str] | None = None) -> Send:
    message: dict[str, object] = {"event": event}
    if params is not None:
        message["params"] = params
    return Send(json.dumps(message))
