"""One connection with OKX's private WebSocket (R1).

::

    opened: login ──ack──> subscribe ──ack, or a push──> READY
              │ 10 s                │ 10 s
              └──────> lost <───────┘

The first pushes are a snapshot, in pages. They are ordinary pushes here; what they omit
is known by REST.
"""

from __future__ import annotations

import json
from typing import Callable, Mapping, Sequence

from assetstream.exchanges.common.conversation import Phase, PhasedConversation
from assetstream.exchanges.common.exchange import KeyedExchange
from assetstream.exchanges.okx.frames import (
    CHANNEL,
    Event,
    Item,
    Notice,
    PongText,
    read_expected,
    read_tolerantly,
)
from assetstream.exchanges.okx.refusals import (
    UPGRADE,
    explain_answer,
    explain_code,
    subscription_ended,
)
from assetstream.protocol import BalanceReport, Instant, Send, Step

__all__ = ["OKXConversation"]


# Events only: a regular push dates all that it repeats by the present.
SUBSCRIPTION = {"channel": CHANNEL, "extraParams": '{"updateInterval": "0"}'}


class OKXConversation(PhasedConversation[Notice]):
    """The protocol state of one connection.

    Args:
        exchange: the account at the exchange.
        login: make the login's arguments, signed at a time in milliseconds.
    """

    _explain_answer = staticmethod(explain_answer)

    def __init__(
        self, exchange: KeyedExchange, login: Callable[[int], Mapping[str, str]]
    ) -> None:
        super().__init__(exchange)
        self._login = login

    def opened(self, instant: Instant, nonce: str) -> Sequence[Step]:
        self._heartbeat.start(instant.now)
        login = self._login(instant.ms)
        return [self._ask(Phase.LOGGING_IN, "login", login, instant)]

    def closing(self, instant: Instant) -> Sequence[Send]:
        # OKX counts connections, not subscriptions: the close itself is the goodbye.
        return ()

    def _ask(
        self, phase: Phase, operation: str, about: Mapping[str, str], instant: Instant
    ) -> Step:
        """Enter a phase with the request whose answer ends it."""
        self._await(phase, instant)
        return Send(json.dumps({"op": operation, "args": [about]}))

    def _ping(self, instant: Instant) -> Step:
        # OKX's own ping: whether the WebSocket's keeps a connection is not documented.
        return Send("ping")

    def _read_expected(self, frames: Sequence[bytes]) -> list[BalanceReport] | None:
        return read_expected(frames)

    def _read_tolerantly(self, frame: bytes) -> Sequence[Item]:
        item = read_tolerantly(frame)
        return () if item is None else (item,)

    def _on_notice(
        self, notice: Notice, frame: bytes, instant: Instant
    ) -> Sequence[Step]:
        if isinstance(notice, PongText):
            return [self._heartbeat.answered(instant.now)]
        ours = notice.channel == CHANNEL
        refused_login = notice.name == "login" and notice.code not in ("", "0")
        if notice.name == "error" or refused_login:
            return [self._on_refusal(notice)]
        if notice.name == "login" and self._phase is Phase.LOGGING_IN:
            return [self._ask(Phase.SUBSCRIBING, "subscribe", SUBSCRIPTION, instant)]
        if notice.name == "subscribe" and ours:
            return self._prove()
        if notice.name == "notice" and notice.code == UPGRADE:
            return [self._renew("OKX is about to close it for a service upgrade")]
        # Either may come after the acknowledgement, and even much later.
        if notice.name in ("channel-conn-count-error", "unsubscribe") and ours:
            return [self._fail(subscription_ended(self._exchange, notice))]
        return ()

    def _on_refusal(self, notice: Event) -> Step:
        doing = {
            Phase.LOGGING_IN: "the login",
            Phase.SUBSCRIBING: "the subscription",
        }.get(self._phase)
        error = explain_code(
            self._exchange, notice.code, notice.message, doing or "a request"
        )
        return self._refuse(error, doing is not None)
