"""One connection with Upbit's private WebSocket.

Upbit answers a good subscription with silence, so the proof is asked for (R1)::

    opened: subscribe, LIST_SUBSCRIPTIONS ──reply with myAsset, or a push──> READY
              │ 3 s of silence, or LIST left out                              ^
              └────────> PINGING: Ping ──────────────pong, reply or push──────┘
"""

from __future__ import annotations

import enum
import json
from typing import TYPE_CHECKING, Mapping, Sequence

from assetstream.errors import (
    AssetStreamError,
    AuthenticationError,
    ConnectionLost,
    ExchangeError,
    PermissionDenied,
    RateLimited,
)
from assetstream.exchanges.answers import Meaning, lost, refusal
from assetstream.exchanges.balances import Garbled, Pushed
from assetstream.exchanges.steps import Heartbeat, StepList
from assetstream.exchanges.upbit_errors import explain_answer, explain_name
from assetstream.exchanges.upbit_frames import (
    Item,
    Listed,
    Refused,
    Up,
    read_frame,
)
from assetstream.protocol import (
    NEVER,
    Alive,
    Connect,
    Conversation,
    Fail,
    Memory,
    Ping,
    Ready,
    Send,
    Step,
    Warn,
)

if TYPE_CHECKING:
    from assetstream.exchanges.upbit import Upbit

__all__ = ["UpbitConversation"]

#: How long LIST_SUBSCRIPTIONS may stay unanswered before a pong must do.
LIST_PATIENCE_S = 3.0
#: After so many silences LIST is left out for good.
MOST_SILENCES = 3

# In the stream's memory: the error name that LIST met; how often it met silence.
LIST_REFUSAL = "upbit.list_refusal"
LIST_SILENCES = "upbit.list_silences"


# Errors that cannot be about LIST alone.
PLAIN = (AuthenticationError, PermissionDenied, RateLimited)
PERHAPS_LIST = Meaning(
    ExchangeError,
    False,
    "perhaps only the question for the subscriptions; trying again without it",
)


class Phase(enum.Enum):
    """How far the connection is."""

    #: Not open yet.
    CONNECTING = "CONNECTING"
    #: Waiting for the list of subscriptions.
    LISTING = "LISTING"
    #: Waiting for the pong of a ping that followed the subscription.
    PINGING = "PINGING"
    #: The subscription is proved.
    READY = "READY"
    #: Failed; nothing more is said.
    OVER = "OVER"


class UpbitConversation(Conversation):
    """The protocol state of one connection."""

    def __init__(self, exchange: Upbit, memory: Memory) -> None:
        self._exchange = exchange
        self._memory = memory
        self._phase = Phase.CONNECTING
        self._ticket = ""
        # An error may still be LIST's fault, not the subscription's.
        self._list_open = False
        # When the present phase has lasted too long.
        self._patience = NEVER
        self._heart = Heartbeat(exchange.limits.ping_interval)
        self._failure: AssetStreamError | None = None

    def connect(self, now: float, nonce: str) -> Connect:
        # The ticket need only be unique, and a pure adapter has no other source.
        self._ticket = nonce
        # No Origin: with one, Upbit takes a single request in 10 s.
        return Connect(self._exchange.ws_url, self._exchange.authorization(nonce))

    def refused(
        self, status: int, headers: Mapping[str, str], body: bytes
    ) -> AssetStreamError:
        return explain_answer(
            self._exchange, status, headers, body, "the WebSocket handshake"
        )

    def opened(self, now: float) -> Sequence[Step]:
        steps: list[Step] = [self._request({"type": "myAsset"})]
        self._heart.start(now)
        silences = self._memory.get(LIST_SILENCES, 0)
        if LIST_REFUSAL in self._memory or silences >= MOST_SILENCES:
            steps.append(self._ask_for_pong(now))
        else:
            steps.append(self._request({"method": "LIST_SUBSCRIPTIONS"}))
            self._list_open = True
            self._phase, self._patience = Phase.LISTING, now + LIST_PATIENCE_S
        self._set_deadline()
        return steps

    def received(self, frames: Sequence[bytes], now: float) -> Sequence[Step]:
        steps = StepList()
        for frame in frames:
            for item in read_frame(frame, self._exchange.format):
                if self._phase is Phase.OVER:
                    return steps.done()
                self._take(item, frame, steps)
        return steps.done()

    def pong(self, now: float) -> Sequence[Step]:
        steps: list[Step] = [self._heart.answered(now)]
        if self._phase is Phase.PINGING:
            steps += self._prove()
        return steps

    def due(self, now: float) -> Sequence[Step]:
        steps: list[Step] = []
        if now >= self._patience:
            if self._phase is not Phase.LISTING:
                return [self._fail(self._no_pong())]
            self._memory[LIST_SILENCES] = self._memory.get(LIST_SILENCES, 0) + 1
            steps.append(self._ask_for_pong(now))
        if now >= self._heart.next:
            self._heart.pinged(now)
            steps.append(Ping())
        self._set_deadline()
        return steps

    def closing(self) -> Sequence[Step]:
        # Upbit knows no goodbye but the close itself.
        return ()

    def closed(self, code: int | None, reason: str) -> AssetStreamError:
        if self._failure is not None:
            # Upbit closes with 1000 right after an error: the error is the reason.
            return self._failure
        return lost(self._exchange, code, reason)

    def _request(self, what: dict[str, str]) -> Send:
        # LIST would change the format of the running stream unless it repeats it. No
        # ``codes``: with myAsset they are an error.
        format = {"format": self._exchange.format}
        return Send(json.dumps([{"ticket": self._ticket}, what, format]))

    def _ask_for_pong(self, now: float) -> Step:
        self._phase = Phase.PINGING
        self._patience = now + self._exchange.limits.pong_timeout
        self._heart.pinged(now)
        return Ping()

    def _prove(self) -> list[Step]:
        """The subscription is in force; say so once (R1)."""
        if self._phase is Phase.READY:
            return []
        self._phase, self._patience = Phase.READY, NEVER
        self._set_deadline()
        return [Ready()]

    def _take(self, item: Item, frame: bytes, steps: StepList) -> None:
        if isinstance(item, Pushed):
            # A push proves the subscription as well as the list does, so Ready goes
            # before its Report: nothing is reported on an unproved connection.
            steps.add(*self._prove())
            steps.report(item.balances)
            for currency, why in item.unreadable.items():
                steps.add(Warn(self._exchange.unreadable(why, frame, currency)))
        elif isinstance(item, Garbled):
            steps.add(Warn(self._exchange.unreadable(item.why, frame)))
        elif isinstance(item, Up):
            steps.add(Alive())
        elif isinstance(item, Listed):
            self._list_open = False
            if "myAsset" in item.types:
                steps.add(*self._prove())
            else:
                why = "the list of subscriptions lacks myAsset"
                steps.add(self._fail(self._exchange.unreadable(why, frame)))
        else:
            steps.add(self._fail(self._explain(item)))

    def _explain(self, refused: Refused) -> ExchangeError:
        name, message, doing = refused.name, refused.message, "the subscription"
        error = explain_name(self._exchange, name, message, doing)
        if not self._list_open or isinstance(error, PLAIN):
            return error
        # R1: perhaps only LIST is refused. The next connection leaves it out; the same
        # error there is the subscription's, and judged by its name.
        self._memory[LIST_REFUSAL] = name
        return refusal(self._exchange, PERHAPS_LIST, name, message, doing)

    def _no_pong(self) -> ConnectionLost:
        limit = self._exchange.limits.pong_timeout
        return ConnectionLost(
            f"Upbit did not answer a ping sent after the subscription within {limit:g} "
            "s: the subscription could not be proved",
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
