"""One connection with CoinW's private WebSocket (R1).

::

    opened: login ──ack──> subscribe ──ack, or a push──> READY
              │ 10 s                │ 10 s
              └──────> lost <───────┘
"""

from __future__ import annotations

import enum
import json
from typing import TYPE_CHECKING, Mapping, Sequence

from assetstream.errors import AssetStreamError, ConnectionLost
from assetstream.exchanges.answers import lost
from assetstream.exchanges.balances import Garbled, Pushed
from assetstream.exchanges.coinw_errors import explain_answer, explain_refusal
from assetstream.exchanges.coinw_frames import (
    LOGIN,
    SUBSCRIBE,
    Answered,
    Heard,
    Item,
    read_frame,
)
from assetstream.exchanges.coinw_replies import read_reply
from assetstream.exchanges.reading import Unreadable
from assetstream.exchanges.steps import Heartbeat, StepList
from assetstream.protocol import (
    NEVER,
    Connect,
    Conversation,
    Fail,
    Ready,
    Send,
    Step,
    Warn,
)

if TYPE_CHECKING:
    from assetstream.exchanges.coinw import CoinW

__all__ = ["CoinWConversation"]

#: How long the login and the subscription may each stay unanswered.
ANSWER_PATIENCE_S = 10.0

ASSETS = {"biz": "exchange", "type": "assets"}


class Phase(enum.Enum):
    """How far the connection is."""

    #: Not open yet.
    CONNECTING = "CONNECTING"
    #: Waiting for the answer to the login.
    LOGGING_IN = "LOGGING_IN"
    #: Waiting for the answer to the subscription.
    SUBSCRIBING = "SUBSCRIBING"
    #: The subscription is proved.
    READY = "READY"
    #: Failed; nothing more is said.
    OVER = "OVER"


class CoinWConversation(Conversation):
    """The protocol state of one connection."""

    def __init__(self, exchange: CoinW) -> None:
        self._exchange = exchange
        self._phase = Phase.CONNECTING
        # When the present phase has lasted too long.
        self._patience = NEVER
        self._heart = Heartbeat(exchange.limits.ping_interval)
        self._failure: AssetStreamError | None = None

    def connect(self, now: float, nonce: str) -> Connect:
        return Connect(self._exchange.ws_url, origin=self._exchange.origin)

    def refused(
        self, status: int, headers: Mapping[str, str], body: bytes
    ) -> AssetStreamError:
        try:
            reply = read_reply(body)
        except Unreadable:
            reply = None
        doing = "the WebSocket handshake"
        return explain_answer(self._exchange, status, headers, body, reply, doing)

    def opened(self, now: float) -> Sequence[Step]:
        self._heart.start(now)
        return [self._ask(Phase.LOGGING_IN, "login", self._exchange.login(), now)]

    def received(self, frames: Sequence[bytes], now: float) -> Sequence[Step]:
        steps = StepList()
        for frame in frames:
            if self._phase is Phase.OVER:
                break
            item = read_frame(frame)
            if item is not None:
                self._take(item, frame, steps, now)
        return steps.done()

    def pong(self, now: float) -> Sequence[Step]:
        return [self._heart.answered(now)]

    def due(self, now: float) -> Sequence[Step]:
        if now >= self._patience:
            return [self._fail(self._no_answer())]
        steps: list[Step] = []
        if now >= self._heart.next:
            # CoinW's own ping: whether it heeds the WebSocket's is not known.
            self._heart.pinged(now)
            steps.append(_event("ping"))
        self._set_deadline()
        return steps

    def closing(self) -> Sequence[Step]:
        return [_event("unsub", ASSETS)] if self._phase is Phase.READY else ()

    def closed(self, code: int | None, reason: str) -> AssetStreamError:
        if self._failure is not None:
            return self._failure
        return lost(self._exchange, code, reason)

    def _ask(
        self, phase: Phase, event: str, params: Mapping[str, str], now: float
    ) -> Step:
        """Enter a phase with the request whose answer ends it."""
        self._phase, self._patience = phase, now + ANSWER_PATIENCE_S
        self._set_deadline()
        return _event(event, params)

    def _prove(self) -> list[Step]:
        """The subscription is in force; say so once (R1)."""
        if self._phase is not Phase.SUBSCRIBING:
            return []
        self._phase, self._patience = Phase.READY, NEVER
        self._set_deadline()
        return [Ready()]

    def _take(self, item: Item, frame: bytes, steps: StepList, now: float) -> None:
        if isinstance(item, Pushed):
            # A push proves the subscription as well as its answer does, so Ready goes
            # before its Report: nothing is reported on an unproved connection.
            steps.add(*self._prove())
            steps.report(item.balances)
            for currency, why in item.unreadable.items():
                steps.add(Warn(self._exchange.unreadable(why, frame, currency)))
        elif isinstance(item, Garbled):
            steps.add(Warn(self._exchange.unreadable(item.why, frame)))
        elif isinstance(item, Heard):
            pong = item.event == "pong"
            steps.add(self._heart.answered(now) if pong else _event("pong"))
        elif not item.good:
            steps.add(self._refused_request(item))
        elif item.request == LOGIN and self._phase is Phase.LOGGING_IN:
            steps.add(self._ask(Phase.SUBSCRIBING, "sub", ASSETS, now))
        elif item.request == SUBSCRIBE:
            steps.add(*self._prove())

    def _refused_request(self, answer: Answered) -> Step:
        request = answer.request
        if request is None:
            # Some refusals do not say what they refuse: it is what we wait for.
            request = {
                Phase.LOGGING_IN: LOGIN,
                Phase.SUBSCRIBING: SUBSCRIBE,
            }.get(self._phase)
        error = explain_refusal(self._exchange, answer, request)
        if request is None:
            # Live, and waiting for nothing: told, not acted on.
            return Warn(error)
        return self._fail(error)

    def _no_answer(self) -> ConnectionLost:
        login = self._phase is Phase.LOGGING_IN
        request = "login" if login else "subscription"
        return ConnectionLost(
            f"CoinW did not answer the {request} within {ANSWER_PATIENCE_S:g} s",
            exchange=self._exchange.name,
        )

    def _fail(self, error: AssetStreamError) -> Fail:
        self._failure = error
        self._phase, self._patience = Phase.OVER, NEVER
        self._heart.next = NEVER
        self._set_deadline()
        return Fail(error)

    def _set_deadline(self) -> None:
        self.deadline = min(self._patience, self._heart.next)


def _event(event: str, params: Mapping[str, str] | None = None) -> Send:
    message: dict[str, object] = {"event": event}
    if params is not None:
        message["params"] = params
    return Send(json.dumps(message))
