"""One connection with Upbit's private WebSocket.

Upbit answers a good subscription with silence, so the proof is asked for (R1)::

    opened: subscribe, LIST_SUBSCRIPTIONS ──reply with myAsset, or a push──> READY
              │ 3 s of silence, or LIST left out                              ^
              └────────> PINGING: Ping ──────────────pong, reply or push──────┘
"""

from __future__ import annotations

import json
from typing import Sequence

from assetstream.exchanges.common.conversation import Phase, PhasedConversation
from assetstream.exchanges.common.my_asset import (
    ErrorNotice,
    Item,
    Notice,
    StatusUp,
    SubscriptionList,
    read_tolerantly,
)
from assetstream.exchanges.common.refusals import Meaning, Refusal, refusal
from assetstream.exchanges.common.token_exchange import TokenExchange
from assetstream.exchanges.upbit.frames import read_expected
from assetstream.exchanges.upbit.refusals import ERRORS
from assetstream.model.errors import (
    AuthenticationError,
    ExchangeError,
    PermissionDenied,
    RateLimited,
)
from assetstream.protocol import (
    Alive,
    BalanceReport,
    Connect,
    Instant,
    Memory,
    Send,
    Step,
)

__all__ = ["UpbitConversation"]

#: Seconds that LIST_SUBSCRIPTIONS may stay unanswered before a pong must do.
LIST_TIMEOUT_S = 3.0
#: After so many silences LIST is left out for good.
MOST_SILENCES = 3

# In the stream's memory: the error name that LIST met; how often it met silence.
LIST_REFUSAL = "upbit.list_refusal"
LIST_SILENCES = "upbit.list_silences"


# Errors that cannot be about LIST alone.
NOT_ABOUT_LIST = (AuthenticationError, PermissionDenied, RateLimited)
PERHAPS_LIST = Meaning(
    ExchangeError,
    False,
    "perhaps only the question for the subscriptions, which is left out from now on",
)


class UpbitConversation(PhasedConversation[Notice]):
    """The protocol state of one connection.

    Args:
        exchange: the account at the exchange.
        memory: outlives the connection.
        format: how the frames are spelt.
    """

    _explain_answer = ERRORS.explain_answer
    _exchange: TokenExchange

    def __init__(
        self,
        exchange: TokenExchange,
        memory: Memory,
        format: str,
    ) -> None:
        super().__init__(exchange)
        self._memory = memory
        self._format = format
        # LIST may still be answered: an error may be its fault, not the subscription's.
        self._list_open = False

    def connect(self, instant: Instant, nonce: str) -> Connect:
        # No Origin: with one, Upbit takes a single request in 10 s.
        headers = self._exchange.authorization(instant, nonce)
        return Connect(self._exchange.ws_url, headers)

    def opened(self, instant: Instant, nonce: str) -> Sequence[Step]:
        self._heartbeat.start(instant.now)
        subscribe = self._request(nonce, {"type": "myAsset"})
        silences = self._memory.get(LIST_SILENCES, 0)
        if LIST_REFUSAL in self._memory or silences >= MOST_SILENCES:
            return [subscribe, self._ask_for_pong(instant)]
        self._list_open = True
        self._enter(Phase.SUBSCRIBING, instant.now + LIST_TIMEOUT_S)
        return [subscribe, self._request(nonce, {"method": "LIST_SUBSCRIPTIONS"})]

    def closing(self, instant: Instant) -> Sequence[Send]:
        # Upbit knows no goodbye but the close itself.
        return ()

    def _request(self, ticket: str, what: dict[str, str]) -> Send:
        # LIST would change the format of the running stream unless it repeats it. No
        # ``codes``: with myAsset they are an error.
        format = {"format": self._format}
        return Send(json.dumps([{"ticket": ticket}, what, format]))

    def _read_expected(self, frames: Sequence[bytes]) -> list[BalanceReport] | None:
        return read_expected(frames, self._format)

    def _read_tolerantly(self, frame: bytes) -> Sequence[Item]:
        return read_tolerantly(frame)

    def _on_notice(
        self, notice: Notice, frame: bytes, instant: Instant
    ) -> Sequence[Step]:
        if isinstance(notice, StatusUp):
            return [Alive()]
        if isinstance(notice, ErrorNotice):
            return [self._fail(self._explain(notice))]
        return self._on_list(notice, frame)

    def _on_list(self, listed: SubscriptionList, frame: bytes) -> Sequence[Step]:
        self._list_open = False
        if "myAsset" in listed.types:
            return self._prove()
        why = "the list of subscriptions lacks myAsset"
        return [self._fail(self._exchange.unreadable(why, frame))]

    def _explain(self, notice: ErrorNotice) -> Refusal:
        name, message, doing = notice.name, notice.message, "the subscription"
        error = ERRORS.explain_name(self._exchange, name, message, doing)
        if not self._list_open or isinstance(error, NOT_ABOUT_LIST):
            return error
        # R1: perhaps only LIST is refused. The next connection leaves it out; the same
        # error there is the subscription's, and judged by its name.
        self._memory[LIST_REFUSAL] = name
        return refusal(self._exchange, PERHAPS_LIST, name, message, doing)

    def _on_timeout(self, instant: Instant) -> Sequence[Step]:
        if self._phase is Phase.SUBSCRIBING:
            self._memory[LIST_SILENCES] = self._memory.get(LIST_SILENCES, 0) + 1
            return [self._ask_for_pong(instant)]
        return [self._no_pong()]
