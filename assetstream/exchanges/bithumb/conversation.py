"""One connection with Bithumb's private WebSocket.

Bithumb answers a good subscription with silence, and knows no question for the
subscriptions in force; a bad one it answers by an error and a close. So what was sent
behind the subscription proves it by its answer (R1)::

    opened: subscribe ──> PINGING: Ping ────pong, or a push──> READY
"""

from __future__ import annotations

import json
from typing import Sequence

from assetstream.exchanges.bithumb.frames import read_expected
from assetstream.exchanges.bithumb.refusals import ERRORS
from assetstream.exchanges.common.conversation import PhasedConversation
from assetstream.exchanges.common.my_asset import (
    ErrorNotice,
    Item,
    Notice,
    StatusUp,
    read_tolerantly,
)
from assetstream.exchanges.common.token_exchange import TokenExchange
from assetstream.protocol import (
    Alive,
    BalanceReport,
    Connect,
    Instant,
    Send,
    Step,
)

__all__ = ["BithumbConversation"]


class BithumbConversation(PhasedConversation[Notice]):
    """The protocol state of one connection."""

    _explain_answer = ERRORS.explain_answer
    _exchange: TokenExchange

    def connect(self, instant: Instant, nonce: str) -> Connect:
        headers = self._exchange.authorization(instant, nonce)
        return Connect(self._exchange.ws_url, headers)

    def opened(self, instant: Instant, nonce: str) -> Sequence[Step]:
        self._heartbeat.start(instant.now)
        request = [{"ticket": nonce}, {"type": "myAsset"}, {"format": "DEFAULT"}]
        return [Send(json.dumps(request)), self._ask_for_pong(instant)]

    def closing(self, instant: Instant) -> Sequence[Send]:
        # Bithumb knows no goodbye but the close itself.
        return ()

    def _read_expected(self, frames: Sequence[bytes]) -> list[BalanceReport] | None:
        return read_expected(frames)

    def _read_tolerantly(self, frame: bytes) -> Sequence[Item]:
        return read_tolerantly(frame)

    def _on_notice(
        self, notice: Notice, frame: bytes, instant: Instant
    ) -> Sequence[Step]:
        if isinstance(notice, ErrorNotice):
            name, message, doing = notice.name, notice.message, "the subscription"
            error = ERRORS.explain_name(self._exchange, name, message, doing)
            return [self._fail(error)]
        # A list of subscriptions is never asked for.
        return [Alive()] if isinstance(notice, StatusUp) else ()

    def _on_timeout(self, instant: Instant) -> Sequence[Step]:
        return [self._no_pong()]
