"""One connection with Gate's spot WebSocket (R1).

::

    opened: signed subscription ──ack, or a push──> READY
              │ 10 s
              └──> lost
"""

from __future__ import annotations

import json
from typing import Callable, Sequence

from assetstream.exchanges.common.conversation import Phase, PhasedConversation
from assetstream.exchanges.common.exchange import KeyedExchange
from assetstream.exchanges.gate.frames import (
    CHANNEL,
    PING,
    HalfChange,
    Item,
    Notice,
    Pong,
    SubscriptionAnswer,
    read_expected,
    read_tolerantly,
)
from assetstream.exchanges.gate.refusals import explain_answer, explain_refusal
from assetstream.protocol import (
    BalanceReport,
    Instant,
    Reread,
    Send,
    Step,
)

__all__ = ["GateConversation", "subscription_text"]


def subscription_text(seconds: int) -> str:
    """Return the text that is signed for a subscription at that time, since 1970."""
    return f"channel={CHANNEL}&event=subscribe&time={seconds}"


class GateConversation(PhasedConversation[Notice]):
    """The protocol state of one connection; ``sign`` makes a signature over a text."""

    _explain_answer = staticmethod(explain_answer)

    def __init__(self, exchange: KeyedExchange, sign: Callable[[str], str]) -> None:
        super().__init__(exchange)
        self._sign = sign

    def opened(self, instant: Instant, nonce: str) -> Sequence[Step]:
        self._heartbeat.start(instant.now)
        self._await(Phase.SUBSCRIBING, instant)
        proof = {
            "method": "api_key",
            "KEY": self._exchange.credentials["api_key"],
            "SIGN": self._sign(subscription_text(instant.ms // 1000)),
        }
        return [_request(instant, CHANNEL, event="subscribe", auth=proof)]

    def closing(self, instant: Instant) -> Sequence[Send]:
        # The end of a subscription must be signed, too: the close says the same.
        return ()

    def _ping(self, instant: Instant) -> Step:
        # Gate's own ping: it begins the connection's time anew.
        return _request(instant, PING)

    def _read_expected(self, frames: Sequence[bytes]) -> list[BalanceReport] | None:
        return read_expected(frames)

    def _read_tolerantly(self, frame: bytes) -> Sequence[Item]:
        return read_tolerantly(frame)

    def _on_notice(
        self, notice: Notice, frame: bytes, instant: Instant
    ) -> Sequence[Step]:
        if isinstance(notice, HalfChange):
            return [Reread(notice.currency)]
        if isinstance(notice, Pong):
            return [self._heartbeat.answered(instant.now)]
        if isinstance(notice, SubscriptionAnswer):
            return self._prove() if notice.good else [self._on_refusal(notice)]
        return [self._renew("Gate is about to close it for a service upgrade")]

    def _on_refusal(self, answer: SubscriptionAnswer) -> Step:
        waits = self._phase is Phase.SUBSCRIBING
        doing = "the subscription" if waits else "a request"
        error = explain_refusal(self._exchange, answer, doing)
        return self._refuse(error, waits)


def _request(instant: Instant, channel: str, **more: object) -> Send:
    # Each request must have the exchange's time.
    content = {"time": instant.ms // 1000, "channel": channel, **more}
    return Send(json.dumps(content))
