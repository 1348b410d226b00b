"""An Upbit adapter whose streams ping without pause, and count their frames."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Mapping, Sequence

from msgspec.structs import replace

from assetstream import Upbit
from assetstream.exchanges.upbit.conversation import UpbitConversation
from assetstream.exchanges.upbit.frames import Notice
from assetstream.protocol import Conversation, Instant, Memory, Ping, Step

__all__ = ["PATIENCE", "Talkative"]

#: Seconds between two pings, as far as the stream's thread has the time.
PING_INTERVAL = 0.002
#: Seconds that anything at all may take.
PATIENCE = 20.0


class Talkative(Upbit):
    """An Upbit adapter whose stream pings without pause until ``quiet`` is set.

    Attributes:
        counts: frames, pings and pongs of its one stream.
        quiet: set when it is to ping no more.
    """

    limits = replace(Upbit.limits, ping_interval=PING_INTERVAL, pong_timeout=PATIENCE)
    counts: Counter[str]
    quiet: threading.Event

    def __init__(self, environment: Mapping[str, str]) -> None:
        super().__init__(
            environment["UPBIT_ACCESS_KEY"],
            environment["UPBIT_SECRET_KEY"],
            region="sg",
            ws_url=environment["UPBIT_WS_URL"],
            rest_url=environment["UPBIT_REST_URL"],
        )
        self._keep(counts=Counter(), quiet=threading.Event())

    def conversation(self, memory: Memory) -> Conversation:
        return Talker(self, memory, self.format, self.authorization)


class Talker(UpbitConversation):
    """A conversation that counts frames, pings and pongs."""

    _exchange: Talkative

    def received(self, frames: Sequence[bytes], instant: Instant) -> Sequence[Step]:
        self._exchange.counts["frames"] += len(frames)
        return super().received(frames, instant)

    def pong(self, instant: Instant) -> Sequence[Step]:
        self._exchange.counts["pongs"] += 1
        return super().pong(instant)

    def due(self, instant: Instant) -> Sequence[Step]:
        if self._exchange.quiet.is_set():
            self.deadline = instant.now + PATIENCE
            return ()
        steps = super().due(instant)
        self._exchange.counts["pings"] += sum(isinstance(step, Ping) for step in steps)
        return steps

    def _on_notice(
        self, notice: Notice, frame: bytes, instant: Instant
    ) -> Sequence[Step]:
        self._exchange.counts["frames"] -= 1  # no balance
        return super()._on_notice(notice, frame, instant)
